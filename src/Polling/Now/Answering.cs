using Rondo.Drivers;
using Rondo.Nodes;
using Rondo.Polling.Runtime;
using Rondo.Polling.Slots;
using Rondo.Storage;

namespace Rondo.Polling.Now;

/// <summary>This node's side of <see cref="PollNow"/>: finds requests for devices on its endpoints, and has their workers ask between two polls.</summary>
internal sealed class Answering(Database database, Node node, Armory armory, TimeProvider time)
{
    // However long the device takes: what waits behind it on its endpoint must not become late by more.
    private static readonly TimeSpan _atMost = TimeSpan.FromSeconds(2);
    private readonly HashSet<string> _inWork = [];

    /// <summary>Takes in what is asked; the answers come later. A request that cannot be asked is left for the device's next owner.</summary>
    public async Task TakeInAsync(CancellationToken stop)
    {
        var open = await database.AskAsync("polling.now.open", tx => PollRequestStore.ReadOpen(tx, node.Id), stop).ConfigureAwait(false);
        lock (_inWork)
        {
            _inWork.IntersectWith(open.Select(r => r.Id));
        }

        foreach (var request in open)
        {
            var groups = armory.Groups.Values.Where(g => g.Device.Id == request.DeviceId && g.Worker.Id == request.EndpointId).OrderBy(g => g.Id).ToArray();
            bool isNew;
            lock (_inWork)
            {
                isNew = groups.Length > 0 && _inWork.Add(request.Id);
            }

            if (isNew && !armory.Workers[request.EndpointId].Ask((session, end) => AnswerAsync(request.Id, groups, session, end)))
            {
                lock (_inWork)
                {
                    _inWork.Remove(request.Id);
                }
            }
        }
    }

    private async Task AnswerAsync(string id, ArmedGroup[] groups, Session session, CancellationToken stop)
    {
        var started = time.GetTimestamp();
        var deadline = started + (long)(_atMost.TotalSeconds * time.TimestampFrequency);
        var points = new List<PolledPoint>();
        foreach (var group in groups)
        {
            var shape = group.Shape;
            var result = new ReadResult();
            await session.ReadAsync(shape.Plan, result, deadline, stop).ConfigureAwait(false);
            for (var i = 0; i < shape.PointNames.Length; i++)
            {
                var fault = i < result.Count ? result.Faults[i] : ReadFault.Deadline;
                points.Add(new PolledPoint(group.Name, shape.PointNames[i], fault == ReadFault.None ? result.Values[i] : null, shape.Units[i], fault.Text()));
            }
        }

        var answer = PollNow.Store(Math.Round(time.GetElapsedTime(started).TotalMilliseconds, 1), points);

        // Not waited for: the next poll of this endpoint must not wait for the database.
        _ = StoreAsync(id, answer);
    }

    private async Task StoreAsync(string id, string answer)
    {
        try
        {
            await database.WriteAsync("polling.now.answer", tx => PollRequestStore.Answer(tx, id, node.Id, answer)).ConfigureAwait(false);
        }
        catch (StorageFault)
        {
            // Whoever asked gets no answer, and asks again.
        }
    }
}
