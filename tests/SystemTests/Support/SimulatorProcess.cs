namespace Rondo.SystemTests.Support;

/// <summary>Simulated devices in a process of their own: <c>rondo simulate modbus …</c>. Never instrumented, it is not what is tested.</summary>
public sealed class SimulatorProcess(params string[] options) : RondoProcess(["simulate", "modbus", .. options]);
