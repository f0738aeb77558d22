namespace Rondo.Polling.Configuration.Files;

/// <summary>The profiles a device may name: those of its file first, then the built-in ones.</summary>
internal sealed class ProfileList
{
    private readonly Dictionary<string, ProfileSource> own = [];

    /// <summary>The profile of that name, or null.</summary>
    public ProfileSource? Find(string name) => own.GetValueOrDefault(name) ?? Profiles.FindSource(name);

    /// <summary>Reads a mapping of names to profiles.</summary>
    public void Read(Node node, LayerReader reader)
    {
        if (node.Kind != NodeKind.Map)
        {
            reader.Mistakes.Fail(node, "profiles", $"is {node.Noun}; expected a mapping of names to profiles");
            return;
        }

        var profiles = new ProfileReader(reader);
        foreach (var (key, value) in node.Entries)
        {
            if (reader.AsMap(value, $"profiles.{key.Text}", "profiles") is { } layer)
            {
                own[key.Text] = profiles.Read(layer, key.Text);
            }
        }
    }

    /// <summary>The profile a device names, or null when it names none or there is no such.</summary>
    public ProfileSource? Named(LayerReader reader, Layer device, Layer? defaults)
    {
        var layer = device.Find("profile") is not null ? device : defaults;
        if (layer?.Find("profile") is not { } node || !reader.TryText(node, layer.At("profile"), out var text) || text is null)
        {
            return null;
        }

        var found = Find(text.Trim());
        if (found is null)
        {
            var known = own.Keys.Concat(Profiles.Names).Distinct().Order(StringComparer.Ordinal).ToArray();
            reader.Mistakes.Fail(node, layer.At("profile"), $"{Wording.Quote(text)} is not a profile; expected {Wording.OneOf(known)}{Wording.DidYouMean(text, known)}");
        }

        return found;
    }
}
