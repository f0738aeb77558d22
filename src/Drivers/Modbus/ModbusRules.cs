namespace Rondo.Drivers.Modbus;

/// <summary>What settings must hold before anything is read with them. Every answer is null, or a sentence for the person who wrote them.</summary>
public static class ModbusRules
{
    /// <summary>What is wrong with the settings of an endpoint, or null.</summary>
    public static string? Problem(ModbusEndpointSettings endpoint)
    {
        if (endpoint.ConnectTimeout < TimeSpan.FromMilliseconds(100) || endpoint.ConnectTimeout > TimeSpan.FromSeconds(60))
        {
            return $"connect timeout {endpoint.ConnectTimeout} is outside 100 ms to 60 s; 3 s suits most networks";
        }

        if (endpoint.ResponseTimeout < TimeSpan.FromMilliseconds(20) || endpoint.ResponseTimeout > TimeSpan.FromSeconds(60))
        {
            return $"response timeout {endpoint.ResponseTimeout} is outside 20 ms to 60 s; 1 s suits a direct device, 2 to 3 s a gateway";
        }

        if (endpoint.SettleDelay < TimeSpan.Zero || endpoint.SettleDelay > TimeSpan.FromSeconds(10))
        {
            return $"settle delay {endpoint.SettleDelay} is outside 0 to 10 s";
        }

        if (endpoint.InterRequestDelay < TimeSpan.Zero || endpoint.InterRequestDelay > TimeSpan.FromSeconds(1))
        {
            return $"inter-request delay {endpoint.InterRequestDelay} is outside 0 to 1 s";
        }

        return endpoint.Retries is < 0 or > 5 ? $"retries {endpoint.Retries} is outside 0 to 5" : null;
    }

    /// <summary>What is wrong with the settings of a device, or null.</summary>
    public static string? Problem(ModbusDeviceSettings device)
    {
        if (device.MaxRegisters is < 1 or > ReadRequest.MaxRegisters)
        {
            return $"max registers {device.MaxRegisters} is outside 1 to 125, the most one Modbus request can carry";
        }

        if (device.MaxGap is < 0 or > 124)
        {
            return $"max gap {device.MaxGap} is outside 0 to 124";
        }

        return device.EvenAligned && device.MaxRegisters < 2 ? "even-aligned requests need max registers of 2 or more" : null;
    }

    /// <summary>What is wrong with a point of a device whose own settings are right, or null.</summary>
    public static string? Problem(ModbusDeviceSettings device, ModbusPoint point)
    {
        var size = RegisterCodec.RegistersOf(point.Type);
        if (point.Function is < 1 or > 4)
        {
            return $"function {point.Function} does not read; use 1 (coils), 2 (discrete inputs), 3 (holding registers) or 4 (input registers)";
        }

        if (point.Address < 0 || point.Address + size > 65536)
        {
            return $"address {point.Address} with {size} register(s) is outside 0 to 65535 (wire addresses are 0-based)";
        }

        if (point.Function <= 2 ? point.Type != ModbusType.Bit || point.Bit is not null : (point.Type == ModbusType.Bit) != point.Bit is not null)
        {
            return point.Function <= 2
                ? "functions 1 and 2 read single bits: the type must be bit, without a bit number"
                : "a bit number (0 to 15) goes with type bit, and only with it, for functions 3 and 4";
        }

        if (point.Bit is < 0 or > 15)
        {
            return $"bit {point.Bit} is outside 0 (least significant) to 15";
        }

        if (point.Scale == 0)
        {
            return "scale 0 would make every value the same; leave it out for 1";
        }

        if (point.NotAvailable is { } marker && size < 4 && marker >> (16 * size) != 0)
        {
            return $"the not-available marker 0x{marker:X} has more bits than the {16 * size} of the type";
        }

        if (point.ScaleAddress is { } scale)
        {
            if (point.Function <= 2 || scale is < 0 or > 65535)
            {
                return $"scale address {scale} must be a register (functions 3 and 4), 0 to 65535";
            }
        }

        var range = PointRange.Of(0, point);
        var span = range.End - range.Start;
        if (point.Function >= 3 && device.EvenAligned)
        {
            span = ((range.End + 1) & ~1) - (range.Start & ~1);
        }

        return span > device.MaxRegisters
            ? $"the value and its scale register span {span} registers, but one request of this device carries {device.MaxRegisters}: they must be read together"
            : null;
    }
}
