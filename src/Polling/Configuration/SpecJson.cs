using System.Text.Json;
using Rondo.Drivers.Modbus;
using Rondo.Polling.Configuration.Files;

namespace Rondo.Polling.Configuration;

/// <summary>A device read from JSON, or everything that is wrong with it.</summary>
/// <param name="Device">The device; null when there are mistakes.</param>
/// <param name="Mistakes">Everything that is wrong, with JSON paths (<c>$.groups[0].interval</c>).</param>
public sealed record DeviceReading(DeviceSpec? Device, IReadOnlyList<SpecMistake> Mistakes);

/// <summary>Devices as JSON for the API, with the keys of the device file.</summary>
public static class SpecJson
{
    /// <summary>
    /// Reads a device as a request brings it: the keys of a device in a device file, <c>hostname</c>, <c>category</c> and
    /// <c>monitoring_enabled</c> among them, built-in profiles included, but no <c>repeat</c>. Never throws for any text.
    /// </summary>
    /// <param name="json">The request's body.</param>
    /// <param name="name">The name the request's address gives; the body may then leave it out, but not contradict it.</param>
    public static DeviceReading ReadDevice(string json, string? name = null)
    {
        var mistakes = new MistakeList("");
        DeviceSpec? device = null;
        if (JsonTree.Read(json, mistakes) is { } root)
        {
            if (root.Kind != NodeKind.Map)
            {
                mistakes.Fail(root, "$", $"is {root.Noun}; expected an object with the keys of a device");
            }
            else
            {
                var own = new Layer(root, "$");
                if (own.Find("repeat") is { } repeat)
                {
                    mistakes.Fail(repeat, own.At("repeat"), "is for device files; expected one device");
                }

                device = new DeviceReader(new LayerReader(mistakes), new ProfileList(), new EndpointList(), null).Read(own, name).Device;
            }
        }

        return mistakes.Any
            ? new DeviceReading(null, mistakes.Mistakes().Select(mistake => new SpecMistake(mistake.Path, mistake.Message)).ToArray())
            : new DeviceReading(device, []);
    }

    /// <summary>A device as JSON text, every field written out; <see cref="ReadDevice"/> reads it back.</summary>
    public static string WriteDevice(DeviceSpec device) => JsonText.Write(json => WriteDevice(json, device));

    /// <summary>A device as a JSON object, every field written out.</summary>
    public static void WriteDevice(Utf8JsonWriter json, DeviceSpec device)
    {
        json.WriteStartObject();
        json.WriteString("name", device.Name);
        json.WriteString("address", device.Address);
        JsonText.WriteFields(json, SpecFields.Device, device);
        json.WriteStartArray("tags");
        foreach (var tag in device.Tags)
        {
            json.WriteStringValue(tag);
        }

        json.WriteEndArray();
        JsonText.WriteFields(json, SpecFields.Modbus, device.Modbus);
        json.WriteStartObject("endpoint");
        JsonText.WriteFields(json, SpecFields.Endpoint, device.Endpoint);
        json.WriteEndObject();
        json.WriteStartArray("groups");
        foreach (var group in device.Groups)
        {
            json.WriteStartObject();
            JsonText.WriteFields(json, SpecFields.Group, group);
            JsonText.WriteFields(json, SpecFields.Timing, group);
            json.WriteStartArray("points");
            foreach (var point in group.Points)
            {
                json.WriteStartObject();
                JsonText.WriteFields(json, SpecFields.Point, point);
                JsonText.WriteFields(json, SpecFields.Register, point.Modbus);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    /// <summary>An endpoint's settings for storage: one text for one meaning, without what is at its default.</summary>
    public static string Write(ModbusEndpointSettings settings) => JsonText.WriteChanged(SpecFields.Endpoint, settings, new ModbusEndpointSettings());

    /// <summary>A device's Modbus settings for storage: one text for one meaning, without what is at its default.</summary>
    public static string Write(ModbusDeviceSettings settings) => JsonText.WriteChanged(SpecFields.Modbus, settings, new ModbusDeviceSettings());

    /// <summary>A point's decoding for storage: one text for one meaning, without what is at its default.</summary>
    public static string Write(ModbusPoint point) => JsonText.WriteChanged(SpecFields.Register, point, new ModbusPoint());

    /// <summary>Reads stored settings of an endpoint. Keys of a newer version are passed over.</summary>
    /// <exception cref="FormatException">The stored text is damaged.</exception>
    public static ModbusEndpointSettings ReadEndpoint(string stored) => JsonText.ReadStored(SpecFields.Endpoint, new ModbusEndpointSettings(), stored);

    /// <summary>Reads stored Modbus settings of a device. Keys of a newer version are passed over.</summary>
    /// <exception cref="FormatException">The stored text is damaged.</exception>
    public static ModbusDeviceSettings ReadModbus(string stored) => JsonText.ReadStored(SpecFields.Modbus, new ModbusDeviceSettings(), stored);

    /// <summary>Reads a stored point's decoding. Keys of a newer version are passed over.</summary>
    /// <exception cref="FormatException">The stored text is damaged.</exception>
    public static ModbusPoint ReadPoint(string stored) => JsonText.ReadStored(SpecFields.Register, new ModbusPoint(), stored);
}
