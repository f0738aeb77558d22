using System.Runtime.InteropServices;

namespace Rondo.Simulators.Modbus;

/// <summary>One request as a gateway saw it.</summary>
/// <param name="At">When it was complete, by the simulator's clock (UTC).</param>
/// <param name="Unit">Unit asked for.</param>
/// <param name="Function">Function code.</param>
/// <param name="Address">First address, 0 for functions without one.</param>
/// <param name="Count">Quantity (or the value of functions 5 and 6), 0 for functions without one.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct Arrival(DateTimeOffset At, byte Unit, byte Function, ushort Address, ushort Count);

/// <summary>The newest arrivals of one gateway, in a ring: bounded whatever happens.</summary>
internal sealed class ArrivalLog(int capacity)
{
    private readonly Lock _lock = new();
    private readonly Arrival[] _ring = new Arrival[capacity];
    private long _seen;

    public void Add(in Arrival arrival)
    {
        lock (_lock)
        {
            _ring[_seen++ % capacity] = arrival;
        }
    }

    public List<Arrival> Read(int? unit)
    {
        lock (_lock)
        {
            var list = new List<Arrival>();
            for (var i = Math.Max(0, _seen - capacity); i < _seen; i++)
            {
                ref readonly var arrival = ref _ring[i % capacity];
                if (unit is null || arrival.Unit == unit)
                {
                    list.Add(arrival);
                }
            }

            return list;
        }
    }
}
