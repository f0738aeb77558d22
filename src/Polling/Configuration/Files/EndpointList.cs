namespace Rondo.Polling.Configuration.Files;

/// <summary>The settings under <c>endpoints:</c>, by normal address.</summary>
internal sealed class EndpointList
{
    private static readonly Layer empty = new(new Node(NodeKind.Map, 0, 0), "");
    private readonly Dictionary<string, (Layer Layer, Node At)> byAddress = [];
    private readonly HashSet<string> used = [];

    /// <summary>The settings of an endpoint, or null when none are given.</summary>
    public Layer? Use(string address)
    {
        used.Add(address);
        return byAddress.TryGetValue(address, out var found) ? found.Layer : null;
    }

    /// <summary>Reads a mapping of addresses to settings, or a list of mappings with an address each.</summary>
    public void Read(Node node, LayerReader reader, Layer? defaults)
    {
        if (node.Kind == NodeKind.Map)
        {
            foreach (var (key, value) in node.Entries)
            {
                var path = $"endpoints[{key.Text}]";
                var address = EndpointAddress.TryParse(key.Text, out var problem);
                if (address is null)
                {
                    reader.Mistakes.Fail(key, path, $"{Wording.Quote(key.Text)} {problem}");
                }

                var layer = value.IsEmpty || value.IsNull ? empty : reader.AsMap(value, path, "endpoints");
                Add(reader, address?.ToString(), layer, key, path, KeySet.EndpointSettings);
            }

            return;
        }

        foreach (var layer in reader.Maps(node, "endpoints", "endpoints"))
        {
            Add(reader, AddressReader.Read(reader, layer, null, defaults), layer, layer.Map, layer.Path, KeySet.Endpoint);
        }
    }

    /// <summary>Warns about settings that no device uses: most likely a slip in the address.</summary>
    public void WarnUnused(MistakeList mistakes)
    {
        foreach (var (address, (layer, at)) in byAddress)
        {
            if (!used.Contains(address))
            {
                mistakes.Warn(at, layer.Path, $"no device of this file is at {address}, so these settings have no effect{Wording.DidYouMean(address, used)}");
            }
        }
    }

    private void Add(LayerReader reader, string? address, Layer? layer, Node at, string path, KeySet keys)
    {
        if (layer is null)
        {
            return;
        }

        keys.Check(layer, reader.Mistakes);
        reader.Apply(SpecFields.Endpoint, new(), layer);
        if (address is not null && !byAddress.TryAdd(address, (layer, at)))
        {
            reader.Mistakes.Fail(at, path, $"{address} is given twice, first on line {byAddress[address].At.Line}; expected each endpoint once");
        }
    }
}
