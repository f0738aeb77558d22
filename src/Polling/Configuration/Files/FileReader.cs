namespace Rondo.Polling.Configuration.Files;

/// <summary>Reads the whole of a device file.</summary>
internal sealed class FileReader
{
    // A fleet of a hundred thousand devices is beyond one file; the bound keeps a slip in repeat from filling the memory.
    private const int MostDevices = Repeats.Most;
    private const int MostPoints = 5_000_000;

    private readonly MistakeList mistakes;
    private readonly LayerReader reader;
    private readonly EndpointList endpoints = new();
    private readonly ProfileList profiles = new();
    private readonly List<DeviceSpec> devices = [];
    private readonly List<DevicePlace> places = [];
    private readonly Dictionary<string, DevicePlace> names = [];
    private int points;

    private FileReader(MistakeList mistakes)
    {
        this.mistakes = mistakes;
        reader = new LayerReader(mistakes);
    }

    /// <summary>The devices of the file, and where each stands; complete only when no mistake was found.</summary>
    public static (List<DeviceSpec> Devices, Dictionary<string, DevicePlace> Places) Read(Node root, MistakeList mistakes)
    {
        var file = new FileReader(mistakes);
        file.ReadAll(root);
        return (file.devices, file.names);
    }

    private void ReadAll(Node root)
    {
        if (root.Kind != NodeKind.Map)
        {
            mistakes.Fail(root, "", $"the file is {root.Noun}; expected a mapping with devices: at the top{(root.Kind == NodeKind.List ? " (put 'devices:' above the list)" : "")}");
            return;
        }

        var top = new Layer(root, "");
        KeySet.File.Check(top, mistakes);
        var defaults = top.Find("defaults") is { } common ? Defaults(common) : null;
        if (top.Find("endpoints") is { } endpointNode)
        {
            endpoints.Read(endpointNode, reader, defaults);
        }

        if (top.Find("profiles") is { } profileNode)
        {
            profiles.Read(profileNode, reader);
        }

        if (top.Find("devices") is not { } list)
        {
            mistakes.Break(root, "devices", "", "the file has no devices:; expected a list of them (devices: [] for none)");
            return;
        }

        var one = new DeviceReader(reader, profiles, endpoints, defaults);
        foreach (var own in reader.Maps(list, "devices", "devices"))
        {
            if (!Device(one, own))
            {
                break;
            }
        }

        Fleet();
        endpoints.WarnUnused(mistakes);
    }

    private Layer? Defaults(Node node)
    {
        if (reader.AsMap(node, "defaults", "defaults") is not { } layer)
        {
            return null;
        }

        // Read once by itself, so that a mistake is found even where every device says otherwise.
        KeySet.Defaults.Check(layer, mistakes);
        reader.Apply(SpecFields.Device, new DeviceSpec { Name = "", Address = "" }, layer);
        reader.Apply(SpecFields.Endpoint, new(), layer);
        reader.Apply(SpecFields.Modbus, new(), layer);
        reader.Apply(SpecFields.Timing, new(), layer);
        if (layer.Find("point_defaults") is { Kind: NodeKind.Map } points)
        {
            new PointReader(reader).Check(new Layer(points, layer.At("point_defaults")));
        }

        return layer;
    }

    private bool Device(DeviceReader one, Layer own)
    {
        IReadOnlyList<Variables>? repeats = [Variables.None];
        if (own.Find("repeat") is { } node)
        {
            repeats = Repeats.Read(node, own.At("repeat"), mistakes) ?? [Variables.None];
            if (repeats.Count > 1 && own.Find("name") is { HasBraces: false } name)
            {
                mistakes.Fail(name, own.At("name"), $"{Wording.Quote(name.Text)} would be the name of {repeats.Count} devices; expected {{n}} in it, such as {name.Text}-{{n}}");
            }
        }

        foreach (var variables in repeats)
        {
            reader.Variables = variables;
            mistakes.Suffix = variables.ToString();
            var (device, place) = one.Read(own);
            mistakes.Suffix = "";
            reader.Variables = Variables.None;
            points += device.Groups.Sum(group => group.Points.Count);
            if (devices.Count >= MostDevices || points > MostPoints)
            {
                mistakes.Break(own.Map, "repeat", own.Path, $"makes more than {MostDevices:N0} devices or {MostPoints:N0} points; expected fewer in one file");
                return false;
            }

            Add(device, place);
        }

        return true;
    }

    private void Add(DeviceSpec device, DevicePlace place)
    {
        devices.Add(device);
        places.Add(place);
        if (device.Name.Length > 0 && place.Own.Find("name") is { } at && !mistakes.HasFailed(at) && !names.TryAdd(device.Name, place))
        {
            mistakes.Break(at, "name", place.Own.At("name"), $"{Wording.Quote(device.Name)} is already the name of the device on line {names[device.Name].Own.Map.Line}; expected each name once");
        }
    }

    private void Fleet()
    {
        foreach (var index in FleetRules.ParentLoops(devices))
        {
            places[index].Report(new RuleBreak(-1, -1, "parent", FleetRules.LoopMessage(devices[index])), mistakes);
        }

        foreach (var (first, second, field) in FleetRules.Disagreements(devices))
        {
            if (devices[first].Address.Length > 0)
            {
                var message = FleetRules.DisagreementMessage(devices[first], devices[second], field, $" on line {places[first].Own.Map.Line}");
                places[second].Report(new RuleBreak(-1, -1, field.Name, message), mistakes);
            }
        }

        var units = new Dictionary<(string, byte), int>();
        for (var i = 0; i < devices.Count; i++)
        {
            if (devices[i].Groups.Count > 0 && !units.TryAdd((devices[i].Address, devices[i].Modbus.Unit), i))
            {
                var other = units[(devices[i].Address, devices[i].Modbus.Unit)];
                mistakes.Warn(places[i].Own.Map, places[i].Own.Path,
                    $"{Wording.Quote(devices[i].Name)} and {Wording.Quote(devices[other].Name)} on line {places[other].Own.Map.Line} are both unit {devices[i].Modbus.Unit} at {devices[i].Address}; is one of them a copy?");
            }
        }
    }
}
