using Rondo.Live;
using Rondo.Polling;
using Rondo.Polling.Runtime;
using Rondo.Storage;

namespace Rondo.Host.Commands;

/// <summary>What the live view shows at one moment.</summary>
/// <param name="At">Database time.</param>
/// <param name="Settings">What the demo is made of.</param>
/// <param name="Poller">Counters and lateness.</param>
/// <param name="SlotsPerSecond">Outcomes per second lately.</param>
/// <param name="Online">Devices whose last poll got an answer.</param>
/// <param name="Newest">Newest values, by device.</param>
internal sealed record DemoMoment(Instant At, DemoSettings Settings, PollerState Poller, double SlotsPerSecond, int Online, IReadOnlyList<DeviceReadings> Newest);

/// <summary>Follows the events of the running server.</summary>
internal sealed class DemoState : IDisposable
{
    private const int MostShown = 15;
    private static readonly TimeSpan _window = TimeSpan.FromSeconds(3);
    private readonly Server _server;
    private readonly DemoSettings _settings;
    private readonly TimeProvider _time;
    private readonly EventBus.Subscription _events;
    private readonly SortedDictionary<long, DeviceReadings> _newest = [];
    private readonly Dictionary<long, string> _statuses = [];
    private readonly Queue<(long At, long Slots)> _history = new();

    public DemoState(Server server, DemoSettings settings, TimeProvider time)
    {
        (_server, _settings, _time) = (server, settings, time);
        _events = server.Bus.Subscribe(e => e.Data is DeviceReadings or DeviceStatusChanged, 50_000);
    }

    /// <summary>Takes in what happened and says how it is.</summary>
    public DemoMoment Look()
    {
        while (_events.Events.TryRead(out var happened))
        {
            if (happened.Data is DeviceReadings readings)
            {
                if (_newest.ContainsKey(readings.DeviceId) || _newest.Count < MostShown)
                {
                    _newest[readings.DeviceId] = readings;
                }
            }
            else if (happened.Data is DeviceStatusChanged changed)
            {
                _statuses[changed.DeviceId] = changed.Status;
            }
        }

        var state = _server.Poller!.State;
        return new DemoMoment(
            _server.Database.Clock.Now,
            _settings,
            state,
            Rate(state.Ok + state.Partial + state.Failed + state.Missed),
            _statuses.Values.Count(s => s == "online"),
            [.. _newest.Values]);
    }

    /// <inheritdoc/>
    public void Dispose() => _events.Dispose();

    private double Rate(long slots)
    {
        var now = _time.GetTimestamp();
        _history.Enqueue((now, slots));
        while (_history.Count > 2 && _time.GetElapsedTime(_history.Peek().At, now) > _window)
        {
            _history.Dequeue();
        }

        var (since, before) = _history.Peek();
        var seconds = _time.GetElapsedTime(since, now).TotalSeconds;
        return seconds > 0 ? (slots - before) / seconds : 0;
    }
}
