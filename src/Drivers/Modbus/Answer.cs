using System.Runtime.InteropServices;

namespace Rondo.Drivers.Modbus;

/// <summary>How an exchange ended: where the PDU of the reply stands in the link's buffer, or the fault and its code.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct Answer(ReadFault Fault, int Code = 0, int Start = 0, int Length = 0)
{
    /// <summary>True when the device said something, an exception included: the connection is good.</summary>
    public bool Spoken { get; init; }
}
