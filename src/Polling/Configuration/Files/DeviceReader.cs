using Rondo.Drivers.Modbus;

namespace Rondo.Polling.Configuration.Files;

/// <summary>Reads one device out of a mapping.</summary>
internal sealed class DeviceReader(LayerReader reader, ProfileList profiles, EndpointList endpoints, Layer? defaults)
{
    // What may differ between the repetitions of one entry without changing what is read from them.
    private static readonly HashSet<string> ofOneDevice =
        ["name", "address", "endpoint", "hostname", "host", "port", "unit", "unit_id", "slave", "parent", "tags", "category"];

    private readonly GroupReader groups = new(reader);
    private (Layer Own, List<GroupSpec> Specs, List<GroupPlace> Places)? shared;

    /// <summary>Reads the device; what cannot be read is reported and left at its default.</summary>
    /// <param name="own">The device's mapping.</param>
    /// <param name="givenName">The name it has from elsewhere (the address of a request), or null.</param>
    public (DeviceSpec Device, DevicePlace Place) Read(Layer own, string? givenName = null)
    {
        KeySet.Device.Check(own, reader.Mistakes);
        var endpoint = own.Find("endpoint") is { Kind: NodeKind.Map } settings ? new Layer(settings, own.At("endpoint")) : null;
        if (endpoint is not null)
        {
            KeySet.Endpoint.Check(endpoint, reader.Mistakes);
        }

        var address = AddressReader.Read(reader, own, endpoint, defaults) ?? "";
        var profile = profiles.Named(reader, own, defaults);
        var common = address.Length == 0 ? null : endpoints.Use(address);
        var device = new DeviceSpec
        {
            Name = givenName ?? "",
            Address = address,
            Endpoint = reader.Apply(SpecFields.Endpoint, new ModbusEndpointSettings(), own, endpoint, common, defaults),
            Modbus = reader.Apply(SpecFields.Modbus, new ModbusDeviceSettings(), own, profile?.Layer, defaults),
            Tags = Tags(own),
        };
        device = reader.Apply(SpecFields.Device, device, own, defaults);
        device = Named(own, device, givenName);

        var (specs, places) = Groups(own, profile);
        device = device with { Groups = specs };
        Layer?[] layers = [own, endpoint, profile?.Layer, common, defaults];
        var place = new DevicePlace(own, layers.OfType<Layer>().ToArray(), places);
        foreach (var broken in SpecRules.Breaks(device, checkFields: false))
        {
            place.Report(broken, reader.Mistakes);
        }

        return (device, place);
    }

    private DeviceSpec Named(Layer own, DeviceSpec device, string? givenName)
    {
        if (own.Find("name") is not { } node)
        {
            if (givenName is null)
            {
                reader.Mistakes.Break(own.Map, "name", own.Path, "has no name; expected name: with letters, digits, '.', '_' and '-'");
            }

            return device;
        }

        var named = reader.Apply([SpecFields.DeviceName], device, own);
        if (givenName is not null && named.Name != givenName)
        {
            reader.Mistakes.Fail(node, own.At("name"), $"{Wording.Quote(named.Name)} is not {Wording.Quote(givenName)}, the device this request is about; expected the same name, or none");
        }

        return named;
    }

    private (List<GroupSpec> Specs, List<GroupPlace> Places) Groups(Layer own, ProfileSource? profile)
    {
        if (shared is { } before && ReferenceEquals(before.Own, own))
        {
            return (before.Specs, before.Places);
        }

        var (specs, places) = groups.Read(own, defaults, profile);
        var isSame = defaults?.Map.HasBraces != true && own.Map.Entries.TrueForAll(entry => !entry.Value.HasBraces || ofOneDevice.Contains(entry.Key.Text));
        shared = isSame ? (own, specs, places) : null;
        return (specs, places);
    }

    private List<string> Tags(Layer own)
    {
        var layer = own.Find("tags") is not null ? own : defaults;
        var tags = new List<string>();
        if (layer?.Find("tags") is not { } node)
        {
            return tags;
        }

        var items = node.Kind == NodeKind.List ? node.Items : [node];
        for (var i = 0; i < items.Count; i++)
        {
            var path = node.Kind == NodeKind.List ? $"{layer.At("tags")}[{i}]" : layer.At("tags");
            if (reader.TryText(items[i], path, out var text) && text is not null)
            {
                tags.Add(text.Trim());
            }
        }

        return tags;
    }
}
