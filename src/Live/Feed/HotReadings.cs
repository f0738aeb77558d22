using System.Runtime.InteropServices;

namespace Rondo.Live.Feed;

/// <summary>
/// Readings that were committed in this process while somebody wants readings: the newest of each source, waiting to be told, and as they were told last. Nobody wanting any
/// costs nothing: then nothing is kept, and those who record are not listened to.
/// </summary>
internal sealed class HotReadings(EventBus bus)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<long, DeviceReadings> _told = [];
    private Dictionary<long, DeviceReadings> _waiting = [];
    private Dictionary<long, DeviceReadings> _spare = [];
    private int _wanted;

    /// <summary>Called when something waits.</summary>
    public Action Wake { get; set; } = () => { };

    /// <summary>True while somebody wants readings. The rest is touched under the hub's lock only, but for what waits.</summary>
    public bool IsWanted => Volatile.Read(ref _wanted) > 0;

    public void Wanted()
    {
        if (++_wanted == 1)
        {
            bus.Tap(Offer);
        }
    }

    public void Unwanted()
    {
        if (--_wanted == 0)
        {
            bus.Untap(Offer);
            _told.Clear();
        }
    }

    /// <summary>True when nothing as new was told of their source; then they are what was told.</summary>
    public bool IsNews(DeviceReadings readings)
    {
        if (_wanted == 0)
        {
            return false;
        }

        ref var told = ref CollectionsMarshal.GetValueRefOrAddDefault(_told, readings.Source, out _);
        if (told is not null && told.Slot >= readings.Slot)
        {
            return false;
        }

        told = readings;
        return true;
    }

    /// <summary>True when older ones of their source have been told.</summary>
    public bool HasOlder(DeviceReadings readings) => _told.TryGetValue(readings.Source, out var told) && told.Slot < readings.Slot;

    /// <summary>What was told of the same source, when that is newer; then whoever begins must not be sent back.</summary>
    public DeviceReadings Newest(DeviceReadings stored)
    {
        if (_told.TryGetValue(stored.Source, out var told) && told.Slot >= stored.Slot)
        {
            return told;
        }

        if (_wanted > 0)
        {
            _told[stored.Source] = stored;
        }

        return stored;
    }

    /// <summary>What waits; the caller gives it back emptied.</summary>
    public Dictionary<long, DeviceReadings> Take()
    {
        lock (_gate)
        {
            (_waiting, _spare) = (_spare, _waiting);
            return _spare;
        }
    }

    /// <summary>On the thread of whoever recorded: keeps the newest, and no more.</summary>
    private void Offer(Event happened)
    {
        if (happened.Data is not DeviceReadings readings)
        {
            return;
        }

        bool isFirst;
        lock (_gate)
        {
            isFirst = _waiting.Count == 0;
            _waiting[readings.Source] = readings;
        }

        if (isFirst)
        {
            Wake();
        }
    }
}
