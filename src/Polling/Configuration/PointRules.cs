using Rondo.Drivers.Modbus;

namespace Rondo.Polling.Configuration;

/// <summary>The rules between the fields of one point, and between a point and its device's limits.</summary>
internal static class PointRules
{
    private const int AddressSpace = 65536;

    /// <summary>Adds every rule that the point breaks.</summary>
    public static void Check(List<RuleBreak> found, ModbusPoint point, ModbusDeviceSettings device, int group, int index)
    {
        var type = ModbusWords.Type.Show(point.Type);
        var width = ModbusWords.Width(point.Type);
        var isRegister = point.Function >= 3;
        var spansAddresses = point.Address + width <= AddressSpace;

        if (!isRegister && point.Type != ModbusType.Bit)
        {
            Break("type", $"{type} cannot be read from a {ModbusWords.Function.Show(point.Function)}; expected bit, or function holding or input", "function");
        }
        else if (isRegister && point.Type == ModbusType.Bit && point.Bit is null)
        {
            Break("type", "bit of a register needs to know which one; expected also bit: 0 to 15", "bit", "function");
        }
        else if (point.Bit is not null && (point.Type != ModbusType.Bit || !isRegister))
        {
            Break("bit", isRegister
                ? $"goes with type bit, not {type}; expected no bit, or type bit"
                : $"picks a bit of a register, and a {ModbusWords.Function.Show(point.Function)} is one already; expected no bit", "type", "function");
        }

        if (!spansAddresses)
        {
            Break("address", $"{point.Address} leaves no room for the {width} registers of {type}; expected at most {AddressSpace - width}", "type");
        }

        if (isRegister && spansAddresses)
        {
            CheckSpan(point, device, width, Break);
        }

        if (point.NotAvailable is { } pattern && width < 4 && pattern >> (point.Type == ModbusType.Bit ? 1 : width * 16) != 0)
        {
            Break("not_available", $"0x{pattern:X} has more bits than {type}; expected at most {(point.Type == ModbusType.Bit ? 1 : width * 16)} bits", "type");
        }

        if (point.ScaleAddress is not null && !isRegister)
        {
            Break("scale_address", $"needs registers, and {ModbusWords.Function.Show(point.Function)} reads none; expected function holding or input", "function");
        }

        void Break(string field, string message, params string[] uses) => found.Add(new RuleBreak(group, index, field, message) { Uses = uses });
    }

    // A value is never torn over two requests, and its scale is read with it: both must fit one request of this device.
    private static void CheckSpan(ModbusPoint point, ModbusDeviceSettings device, int width, Action<string, string, string[]> report)
    {
        var first = point.Address;
        var end = point.Address + width;
        if (point.ScaleAddress is { } scale)
        {
            if (scale >= first && scale < end)
            {
                report("scale_address", $"{scale} is one of the value's own registers ({first} to {end - 1}); expected another", ["address", "type"]);
                return;
            }

            first = Math.Min(first, scale);
            end = Math.Max(end, scale + 1);
        }

        if (device.EvenAligned)
        {
            first &= ~1;
            end = (end + 1) & ~1;
        }

        if (end - first > device.MaxRegisters)
        {
            var aligned = device.EvenAligned ? ", evenly aligned," : "";
            report(point.ScaleAddress is null ? "type" : "scale_address",
                $"needs {end - first} registers in one request{aligned} and max_registers is {device.MaxRegisters}; expected it to fit",
                ["address", "type", "scale_address", "max_registers", "even_aligned"]);
        }
    }
}
