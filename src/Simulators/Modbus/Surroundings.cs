namespace Rondo.Simulators.Modbus;

/// <summary>What all gateways of one simulator share.</summary>
internal sealed record Surroundings(ModbusSimulatorOptions Options, TimeProvider Time, Readiness Readiness, DelayQueue Delays)
{
    private readonly long _startedAt = Time.GetTimestamp();

    /// <summary>Seconds since the simulator started: what every simulated value is computed from.</summary>
    public double Seconds => Time.GetElapsedTime(_startedAt).TotalSeconds;
}

/// <summary>The simulator could not start because of its surroundings (port taken, descriptors used up). The message says what to do.</summary>
public sealed class SimulatorStartException : Exception
{
    internal SimulatorStartException(string message, Exception? cause = null)
        : base(message, cause)
    {
    }
}
