namespace Rondo.Drivers.Modbus;

/// <summary>How frames travel in the TCP stream.</summary>
public enum ModbusFraming
{
    /// <summary>Modbus TCP with the MBAP header.</summary>
    Tcp,

    /// <summary>Serial frames with CRC carried over TCP, as transparent serial servers do.</summary>
    Rtu,
}

/// <summary>Order of the bytes of a value of two or four registers; A is the most significant byte.</summary>
public enum ModbusOrder
{
    /// <summary>Big-endian (64-bit: ABCDEFGH). The default.</summary>
    ABCD,

    /// <summary>Words swapped (64-bit: GHEFCDAB), also called little word order.</summary>
    CDAB,

    /// <summary>Bytes swapped within each register (64-bit: BADCFEHG).</summary>
    BADC,

    /// <summary>Little-endian (64-bit: HGFEDCBA).</summary>
    DCBA,
}

/// <summary>What a point's registers mean.</summary>
public enum ModbusType
{
    /// <summary>One coil or discrete input (functions 1 and 2), or one bit of a register when <see cref="ModbusPoint.Bit"/> is set.</summary>
    Bit,

    /// <summary>Signed 16 bit.</summary>
    Int16,

    /// <summary>Unsigned 16 bit.</summary>
    UInt16,

    /// <summary>Signed 32 bit.</summary>
    Int32,

    /// <summary>Unsigned 32 bit.</summary>
    UInt32,

    /// <summary>Signed 64 bit.</summary>
    Int64,

    /// <summary>Unsigned 64 bit.</summary>
    UInt64,

    /// <summary>IEEE 754 single.</summary>
    Float32,

    /// <summary>IEEE 754 double.</summary>
    Float64,

    /// <summary>Four binary coded decimal digits in one register.</summary>
    Bcd16,

    /// <summary>Eight binary coded decimal digits in two registers.</summary>
    Bcd32,

    /// <summary>Two registers of 0 to 9999 each.</summary>
    Mod10K32,

    /// <summary>16 bit, the top bit is the sign.</summary>
    SignMagnitude16,

    /// <summary>32 bit, the top bit is the sign.</summary>
    SignMagnitude32,
}

/// <summary>Settings of one Modbus endpoint (a gateway or a meter with an own address).</summary>
public sealed record ModbusEndpointSettings
{
    /// <summary>Framing; default <see cref="ModbusFraming.Tcp"/>.</summary>
    public ModbusFraming Framing { get; init; }

    /// <summary>How long connecting may take. Default 3 s, range 100 ms to 60 s.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>How long one answer may take. Default 1 s, range 20 ms to 60 s; behind a gateway it must exceed the gateway's own serial timeout.</summary>
    public TimeSpan ResponseTimeout { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Pause between a new connection and the first request. Default 0, range 0 to 10 s.</summary>
    public TimeSpan SettleDelay { get; init; }

    /// <summary>Pause between the end of an answer and the next request. Default 0, range 0 to 1 s.</summary>
    public TimeSpan InterRequestDelay { get; init; }

    /// <summary>Close the connection whenever no work is waiting, for devices that allow one client. Default false.</summary>
    public bool CloseAfterCycle { get; init; }

    /// <summary>Accept answers that carry unit 0 or 255 instead of the one asked. Default false. The transaction id is always checked.</summary>
    public bool RelaxUnitCheck { get; init; }

    /// <summary>
    /// How often a read is repeated within its slot after a timeout or exceptions 5 and 6 (these after 100 ms). Default 0, range 0 to 5.
    /// A serial frame with a bad checksum is always asked for once more, whatever this says; a write is never repeated.
    /// </summary>
    public int Retries { get; init; }
}

/// <summary>Settings of one device (unit) behind a Modbus endpoint.</summary>
public sealed record ModbusDeviceSettings
{
    /// <summary>Unit (slave) id. Default 1, range 0 to 255.</summary>
    public byte Unit { get; init; } = 1;

    /// <summary>Most registers in one request. Default 125 (the protocol's limit), range 1 to 125.</summary>
    public int MaxRegisters { get; init; } = 125;

    /// <summary>Most unused registers read along to join two neighbours into one request. Default 8, range 0 to 124.</summary>
    public int MaxGap { get; init; } = 8;

    /// <summary>Requests must start at an even address and span an even count (Eastron meters). Default false.</summary>
    public bool EvenAligned { get; init; }
}

/// <summary>Where one point is in a Modbus device and how its registers become a number: <c>value = raw × Scale + Offset</c>.</summary>
public sealed record ModbusPoint
{
    /// <summary>Function code: 1 coils, 2 discrete inputs, 3 holding registers, 4 input registers. Default 4.</summary>
    public byte Function { get; init; } = 4;

    /// <summary>Wire address, 0-based, 0 to 65535.</summary>
    public int Address { get; init; }

    /// <summary>Type; default <see cref="ModbusType.Float32"/>.</summary>
    public ModbusType Type { get; init; } = ModbusType.Float32;

    /// <summary>Byte order; default <see cref="ModbusOrder.ABCD"/>. For 16-bit types BADC and DCBA swap the two bytes.</summary>
    public ModbusOrder Order { get; init; }

    /// <summary>Bit number 0 (least significant) to 15 for a bit of a register; null otherwise.</summary>
    public int? Bit { get; init; }

    /// <summary>Factor. Default 1; not 0, finite.</summary>
    public decimal Scale { get; init; } = 1;

    /// <summary>Address of a register (same function) that holds the power of ten to scale by (SunSpec sunssf, int16); null for none. Read in the same request.</summary>
    public int? ScaleAddress { get; init; }

    /// <summary>Added after scaling. Default 0.</summary>
    public decimal Offset { get; init; }

    /// <summary>Raw bit pattern that means "not available" besides NaN and infinity, for example 0x8000 for a 16-bit type; null for none.</summary>
    public ulong? NotAvailable { get; init; }
}
