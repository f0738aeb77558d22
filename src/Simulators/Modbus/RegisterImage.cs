namespace Rondo.Simulators.Modbus;

/// <summary>What a test or a write request has put into one unit: sparse, laid over the model. Four tables, as in the protocol, keyed by read function.</summary>
internal sealed class RegisterImage
{
    private readonly Lock _lock = new();
    private readonly Dictionary<int, ushort> _cells = [];

    /// <summary>Sets consecutive cells of the table that <paramref name="function"/> (1 to 4) reads.</summary>
    public void Set(int function, int address, ReadOnlySpan<ushort> values)
    {
        lock (_lock)
        {
            for (var i = 0; i < values.Length; i++)
            {
                _cells[Key(function, address + i)] = values[i];
            }
        }
    }

    /// <summary>The value of one cell, when it was set.</summary>
    public bool TryGet(int function, int address, out ushort value)
    {
        lock (_lock)
        {
            return _cells.TryGetValue(Key(function, address), out value);
        }
    }

    private static int Key(int function, int address) => (function << 16) | address;
}
