using System.Runtime.InteropServices;

namespace Rondo.Drivers.Modbus;

/// <summary>How a single request ended.</summary>
/// <param name="Fault"><see cref="ReadFault.None"/> when the device did what was asked.</param>
/// <param name="Code">Modbus exception code or errno behind the fault, or 0.</param>
/// <param name="Length">Bytes of data read; 0 for a write.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct ModbusReply(ReadFault Fault, int Code, int Length);
