using System.Net;
using System.Net.Sockets;

namespace Rondo.Simulators.Modbus;

/// <summary>
/// Modbus gateways on real TCP sockets of the loopback interface, with units that have plausible and steadily moving values, and that can be told
/// to misbehave. Made for the demo, for <c>rondo simulate</c>, for tests and for benchmarks.
/// </summary>
public sealed class ModbusSimulator : IAsyncDisposable
{
    private readonly Surroundings _surroundings;
    private readonly SimulatedGateway[] _gateways;
    private IReadOnlyList<FaultSpec> _faults = [];

    private ModbusSimulator(Surroundings surroundings)
    {
        _surroundings = surroundings;
        _gateways = new SimulatedGateway[surroundings.Options.Gateways];
        Endpoints = [];
    }

    /// <summary>The gateways; the first one has number 1.</summary>
    public IReadOnlyList<SimulatedGateway> Gateways => _gateways;

    /// <summary>Address and port of each gateway, in the same order.</summary>
    public IReadOnlyList<IPEndPoint> Endpoints { get; private set; }

    /// <summary>
    /// Faults of the whole simulator; each may choose gateways and units. Setting replaces the list and acts at once, and leaves each
    /// gateway's own list alone. Throws for a fault that cannot be had with the framing (<see cref="FaultSpec.Problem"/>).
    /// </summary>
    public IReadOnlyList<FaultSpec> Faults
    {
        get => _faults;
        set
        {
            SimulatedGateway.Require(value, _surroundings.Options);
            _faults = [.. value];
            foreach (var gateway in _gateways)
            {
                gateway.Adopt(own: null, _faults);
            }
        }
    }

    /// <summary>What all gateways together have done so far.</summary>
    public SimulatorCounters Counters => _gateways.Aggregate(new SimulatorCounters(), (sum, gateway) => sum + gateway.Counters);

    /// <summary>
    /// Opens all gateways; when it returns, they can be connected to. Throws <see cref="ArgumentException"/> for options with
    /// <see cref="ModbusSimulatorOptions.Problems"/>, <see cref="SimulatorStartException"/> when a port is taken or descriptors run out.
    /// </summary>
    /// <param name="options">What to simulate.</param>
    /// <param name="timeProvider">Clock for values, delays and arrivals.</param>
    /// <param name="stop">Gives up starting. A running simulator ends with <see cref="DisposeAsync"/>.</param>
    public static async Task<ModbusSimulator> StartAsync(ModbusSimulatorOptions options, TimeProvider timeProvider, CancellationToken stop = default)
    {
        if (options.Problems() is [_, ..] problems)
        {
            throw new ArgumentException(string.Join(' ', problems), nameof(options));
        }

        Descriptors.Require(options.Gateways);
        var surroundings = new Surroundings(options, timeProvider, Readiness.Create(options, timeProvider), new DelayQueue(timeProvider));
        var simulator = new ModbusSimulator(surroundings);
        try
        {
            simulator.Open(stop);
            return simulator;
        }
        catch
        {
            await simulator.DisposeAsync();
            throw;
        }
    }

    /// <summary>Closes every listener and connection, and ends the simulator's thread.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (var gateway in _gateways)
        {
            // Null where starting was given up half-way.
            gateway?.Dispose();
        }

        await _surroundings.Readiness.DisposeAsync();
        await _surroundings.Delays.DisposeAsync();
    }

    private void Open(CancellationToken stop)
    {
        var options = _surroundings.Options;
        options.TryAddress(out var address);
        for (var i = 0; i < _gateways.Length; i++)
        {
            stop.ThrowIfCancellationRequested();
            var wanted = new IPEndPoint(address, options.BasePort == 0 ? 0 : options.BasePort + i);
            try
            {
                _gateways[i] = new SimulatedGateway(_surroundings, i + 1, wanted);
                _gateways[i].Adopt(own: null, options.Faults);
            }
            catch (SocketException failure)
            {
                throw new SimulatorStartException(Explain(failure, i + 1, wanted), failure);
            }
        }

        _faults = [.. options.Faults];
        Endpoints = [.. _gateways.Select(gateway => gateway.Endpoint)];
    }

    private string Explain(SocketException failure, int number, IPEndPoint wanted) => failure.SocketErrorCode switch
    {
        SocketError.AddressAlreadyInUse =>
            $"Gateway {number} of {_gateways.Length} cannot listen on {wanted}: the port is taken. Choose another base port, or 0 for free ports.",
        SocketError.AccessDenied =>
            $"Gateway {number} of {_gateways.Length} may not listen on {wanted}: ports below 1024 need privileges. Choose a higher base port, or 0 for free ports.",
        SocketError.TooManyOpenSockets => Descriptors.Explain(_gateways.Length, $"They ran out at gateway {number}."),
        _ => $"Gateway {number} of {_gateways.Length} cannot listen on {wanted}: {failure.Message}.",
    };
}
