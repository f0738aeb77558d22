using System.Globalization;

namespace Rondo.Polling.Configuration.Files;

/// <summary>Reads where a device or an endpoint is: <c>address</c> (or <c>endpoint</c>), or <c>hostname</c> with <c>port</c>.</summary>
internal static class AddressReader
{
    private static readonly string[] whole = ["address", "endpoint", "hostname", "host"];
    private static readonly WholeCodec port = new(1, 65535);

    /// <summary>The normal address, or null after a mistake.</summary>
    public static string? Read(LayerReader reader, Layer own, Layer? endpoint, Layer? defaults)
    {
        var entry = Entry(reader, own) is { } first ? (Layer: own, first.Key, first.Value)
            : endpoint is not null && Entry(reader, endpoint) is { } second ? (endpoint, second.Key, second.Value)
            : default((Layer Layer, Node Key, Node Value)?);
        var number = Port(reader, own) ?? Port(reader, endpoint);
        if (entry is not { } found)
        {
            reader.Mistakes.Break(own.Map, "address", own.Path, "has no address; expected address: host:port (or hostname: with port:)");
            return null;
        }

        var path = found.Layer.At(found.Key.Text);
        if (!reader.TryText(found.Value, path, out var text))
        {
            return null;
        }

        // A port among the defaults is for addresses without one; a port beside the address must not contradict it.
        var address = EndpointAddress.TryParse(text ?? "", out var problem, number);
        if (address is not null && number is null && Port(reader, defaults) is { } common)
        {
            address = EndpointAddress.TryParse(text ?? "", out _, common) ?? address;
        }

        if (problem is not null)
        {
            reader.Mistakes.Fail(found.Value, path, $"{Wording.Quote(text ?? "")} {problem}");
        }

        return address?.ToString();
    }

    private static Entry? Entry(LayerReader reader, Layer layer)
    {
        var names = layer.Find("endpoint") is { Kind: NodeKind.Map } ? whole.Where(name => name != "endpoint").ToArray() : whole;
        return reader.Find(layer, names);
    }

    private static int? Port(LayerReader reader, Layer? layer)
    {
        if (layer?.Find("port") is not { } node || !reader.TryText(node, layer.At("port"), out var text) || text is null)
        {
            return null;
        }

        if ((port.Read(text, out var value) ?? port.Check(value)) is { } problem)
        {
            reader.Mistakes.Fail(node, layer.At("port"), string.Create(CultureInfo.InvariantCulture, $"{Wording.Quote(text)} {problem}"));
            return null;
        }

        return value;
    }
}
