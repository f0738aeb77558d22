using Rondo.Drivers.Modbus;

namespace Rondo.Polling.Configuration;

/// <summary>The words of a device file for what the driver names otherwise.</summary>
public static class TypeWords
{
    /// <summary>The word of a type: <c>sign_magnitude16</c>.</summary>
    public static string Word(this ModbusType type) => ModbusWords.Type.Show(type);
}
