using System.Net;
using System.Net.Sockets;

namespace Rondo.Simulators.Modbus;

/// <summary>One simulated gateway with the units behind it. Everything here may be called at any time from any thread.</summary>
public sealed class SimulatedGateway
{
    private readonly Lock _lock = new();
    private readonly Surroundings _surroundings;
    private readonly Doorway _door;
    private readonly List<Conversation> _conversations = [];
    private readonly RegisterImage?[] _images;
    private IReadOnlyList<FaultSpec> _faults = [];
    private IReadOnlyList<FaultSpec> _everywhere = [];
    private volatile FaultSpec[] _active = [];
    private bool _closed;

    internal SimulatedGateway(Surroundings surroundings, int number, IPEndPoint wanted)
    {
        _surroundings = surroundings;
        Number = number;
        Dice = new Dice(HashSeed(surroundings.Options.Seed, number));
        _images = new RegisterImage?[surroundings.Options.Units + 1];
        Counts = new GatewayCounts(surroundings.Options, surroundings.Time);
        _door = new Doorway(surroundings, wanted, Entered);
    }

    /// <summary>Number of the gateway; the first one is 1.</summary>
    public int Number { get; }

    /// <summary>Address and port it listens on; the same for its whole life.</summary>
    public IPEndPoint Endpoint => _door.Endpoint;

    /// <summary>
    /// Faults of this gateway, besides those of the whole simulator. Setting replaces the list and acts at once: a refusing gateway closes
    /// its listener and its connections. Throws for a fault that cannot be had with the framing (<see cref="FaultSpec.Problem"/>).
    /// </summary>
    public IReadOnlyList<FaultSpec> Faults
    {
        get => _faults;
        set
        {
            Require(value, _surroundings.Options);
            Adopt(value, everywhere: null);
        }
    }

    /// <summary>What it has done so far.</summary>
    public SimulatorCounters Counters => Counts.Read(OpenConnections, _door.OutOfDescriptors);

    /// <summary>Requests received for one unit; for unit 0: those for units the gateway does not have.</summary>
    public long Requests(int unit) => Counts.Requests(unit);

    /// <summary>
    /// The newest requests in the order they came, of one unit or (null) of all; at most <see cref="ModbusSimulatorOptions.ArrivalLog"/> are kept for
    /// the whole gateway.
    /// </summary>
    public IReadOnlyList<Arrival> Arrivals(int? unit = null) => Counts.Arrivals(unit);

    /// <summary>Puts values into a unit, over what its model says; they stay until they are overwritten, also by write requests.</summary>
    /// <param name="unit">1 to <see cref="ModbusSimulatorOptions.Units"/>.</param>
    /// <param name="function">The read function that shall see them: 1 coils, 2 discrete inputs (0 is off, all else on), 3 holding, 4 input registers.</param>
    /// <param name="address">First wire address.</param>
    /// <param name="values">One per register or bit.</param>
    public void SetRegisters(int unit, int function, int address, params ReadOnlySpan<ushort> values)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(unit, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(unit, _surroundings.Options.Units);
        ArgumentOutOfRangeException.ThrowIfLessThan(function, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(function, 4);
        ArgumentOutOfRangeException.ThrowIfNegative(address);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(address, 65_536 - values.Length);
        WritableImage(unit).Set(function, address, values);
    }

    /// <summary>Closes all open connections once, as a restart of the gateway would; new ones are welcome at once.</summary>
    public void CloseConnections()
    {
        Conversation[] open;
        lock (_lock)
        {
            open = [.. _conversations];
        }

        // Not under the lock: a conversation takes its own first, then this one.
        foreach (var conversation in open)
        {
            conversation.Close();
        }
    }

    internal Dice Dice { get; }

    internal GatewayCounts Counts { get; }

    internal ReadOnlySpan<FaultSpec> Active => _active;

    internal double Seconds => _surroundings.Seconds;

    private int OpenConnections
    {
        get
        {
            lock (_lock)
            {
                return _conversations.Count;
            }
        }
    }

    internal static void Require(IReadOnlyList<FaultSpec> faults, ModbusSimulatorOptions options)
    {
        foreach (var fault in faults)
        {
            if (fault.Problem(options.Framing) is { } problem)
            {
                throw new ArgumentException(problem, nameof(faults));
            }
        }
    }

    /// <summary>Takes over new lists of faults (null: as before) and opens or closes the door accordingly.</summary>
    internal void Adopt(IReadOnlyList<FaultSpec>? own, IReadOnlyList<FaultSpec>? everywhere)
    {
        bool refuse;
        lock (_lock)
        {
            _faults = own is null ? _faults : [.. own];
            _everywhere = everywhere ?? _everywhere;
            _active = [.. _everywhere.Where(f => f.Befalls(Number)), .. _faults.Where(f => f.Befalls(Number))];
            refuse = _active.Any(f => f is { Kind: FaultKind.Refuse, Probability: >= 1 });
            if (_closed)
            {
                return;
            }

            if (refuse)
            {
                _door.Close_NeedsLock();
            }
            else
            {
                _door.Open_NeedsLock();
            }
        }

        if (refuse)
        {
            CloseConnections();
        }
    }

    internal void Dispose()
    {
        lock (_lock)
        {
            _closed = true;
            _door.Dispose_NeedsLock();
        }

        CloseConnections();
    }

    internal RegisterImage? Image(int unit) => Volatile.Read(ref _images[unit]);

    internal RegisterImage WritableImage(int unit) => LazyInitializer.EnsureInitialized(ref _images[unit])!;

    /// <summary>Writes the PDU of the answer and returns its length; 0 for no answer.</summary>
    internal int Answer(byte unit, byte exception, ReadOnlySpan<byte> pdu, Span<byte> answer)
    {
        if (exception != 0)
        {
            return UnitAnswer.Exception(pdu[0], exception, answer);
        }

        if (unit >= 1 && unit <= _surroundings.Options.Units)
        {
            return UnitAnswer.Write(_surroundings.Options, this, unit, pdu, answer);
        }

        return _surroundings.Options.UnknownUnit switch
        {
            UnknownUnit.TargetFailed => UnitAnswer.Exception(pdu[0], UnitAnswer.TargetFailed, answer),
            UnknownUnit.PathUnavailable => UnitAnswer.Exception(pdu[0], UnitAnswer.PathUnavailable, answer),
            _ => 0,
        };
    }

    internal void Left(Conversation conversation)
    {
        lock (_lock)
        {
            _conversations.Remove(conversation);
        }
    }

    private void Entered(Socket socket)
    {
        Counts.Connection();
        var single = false;
        foreach (var fault in _active)
        {
            if (fault.Kind is not (FaultKind.Refuse or FaultKind.Single) || !Dice.Hit(fault.Probability))
            {
                continue;
            }

            if (fault.Kind == FaultKind.Refuse || (fault.Variant && OpenConnections > 0))
            {
                // A reset instead of an orderly end: the nearest thing to a refusal once the kernel has accepted.
                Counts.Faults(1);
                socket.LingerState = new LingerOption(enable: true, seconds: 0);
                socket.Dispose();
                return;
            }

            single |= !fault.Variant;
        }

        if (single && OpenConnections > 0)
        {
            Counts.Faults(1);
            CloseConnections();
        }

        socket.Blocking = false;
        socket.NoDelay = true;
        var conversation = new Conversation(this, _surroundings, socket);
        lock (_lock)
        {
            if (_closed)
            {
                socket.Dispose();
                return;
            }

            _conversations.Add(conversation);
        }

        conversation.Start();
    }

    private static int HashSeed(int seed, int number) => unchecked((seed * 486_187_739) + (number * 16_777_619));
}
