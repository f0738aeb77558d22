using Rondo.Live;
using Rondo.Storage;

namespace Rondo.Tests.Live;

public sealed class EventBusTests
{
    private readonly EventBus _bus = new();

    [Fact]
    public void Every_subscriber_gets_what_it_wants_in_order()
    {
        using var all = _bus.Subscribe(_ => true);
        using var one = _bus.Subscribe(e => e.Topic == "devices.1");
        Publish("devices.1", 1);
        Publish("devices.2", 2);
        Publish("devices.1", 3);
        Assert.Equal([1, 2, 3], Read(all));
        Assert.Equal([1, 3], Read(one));
    }

    [Fact]
    public void A_slow_subscriber_loses_its_oldest_events_is_told_how_many_and_harms_nobody()
    {
        using var slow = _bus.Subscribe(_ => true, capacity: 3);
        using var quick = _bus.Subscribe(_ => true);
        for (var n = 1; n <= 10; n++)
        {
            Publish("t", n);
        }

        Assert.Equal([8, 9, 10], Read(slow));
        Assert.Equal(7, slow.Lost);
        Assert.Equal(10, Read(quick).Count);
        Assert.Equal(0, quick.Lost);
    }

    [Fact]
    public async Task Who_has_left_hears_nothing_and_whoever_waited_is_let_go()
    {
        var gone = _bus.Subscribe(_ => true);
        Assert.False(_bus.IsIdle);
        var waiting = gone.Events.WaitToReadAsync().AsTask();
        gone.Dispose();
        gone.Dispose();
        Assert.False(await waiting);
        Assert.True(_bus.IsIdle);
        Publish("t", 1);
        Assert.Empty(Read(gone));
    }

    [Fact]
    public async Task Coming_and_going_while_events_fly_loses_nothing_for_those_who_stay()
    {
        using var stays = _bus.Subscribe(_ => true, capacity: 100_000);
        using var stop = new CancellationTokenSource();
        var churn = Task.Run(() =>
        {
            while (!stop.IsCancellationRequested)
            {
                _bus.Subscribe(_ => true, capacity: 1).Dispose();
            }
        });
        for (var n = 0; n < 20_000; n++)
        {
            Publish("t", n);
        }

        await stop.CancelAsync();
        await churn;
        Assert.Equal(Enumerable.Range(0, 20_000), Read(stays));
    }

    [Fact]
    public async Task A_subscriber_that_throws_is_counted_and_harms_nobody()
    {
        var handled = new List<int>();
        var done = new TaskCompletionSource();
        using var throwing = _bus.Handle(
            _ => true,
            e =>
            {
                handled.Add((int)e.Data);
                return (int)e.Data == 3 ? Done() : throw new InvalidOperationException("as the test wants it");
            });
        using var choosy = _bus.Subscribe(_ => throw new InvalidOperationException("as the test wants it"));
        using var good = _bus.Subscribe(_ => true);
        for (var n = 1; n <= 3; n++)
        {
            Publish("t", n);
        }

        await done.Task.WaitAsync(Rondo.Tests.Support.Eventually.DefaultBound);
        Assert.Equal([1, 2, 3], handled);
        Assert.Equal([1, 2, 3], Read(good));
        Assert.Equal(2, throwing.Failures);
        Assert.Equal(new EventBusState(3, 0, 5), _bus.State);

        ValueTask Done()
        {
            done.SetResult();
            return default;
        }
    }

    [Fact]
    public void There_are_no_more_subscribers_than_allowed()
    {
        var all = Enumerable.Range(0, EventBus.MaxSubscribers).Select(_ => _bus.Subscribe(_ => true)).ToArray();
        Assert.Throws<InvalidOperationException>(() => _bus.Subscribe(_ => true));
        all[0].Dispose();
        _bus.Subscribe(_ => true).Dispose();
        Assert.Equal(EventBus.MaxSubscribers - 1, _bus.State.Subscribers);
    }

    private static List<int> Read(EventBus.Subscription subscription)
    {
        var read = new List<int>();
        while (subscription.Events.TryRead(out var happened))
        {
            read.Add((int)happened.Data);
        }

        return read;
    }

    private void Publish(string topic, int n) => _bus.Publish(new Event("data", "", topic, Instant.Epoch, n));
}
