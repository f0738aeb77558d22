namespace Rondo.Polling.Configuration.Files;

/// <summary>Reads a profile, from a file of its own or from <c>profiles:</c> of a device file.</summary>
internal sealed class ProfileReader(LayerReader reader)
{
    private static readonly FlagCodec flag = new();
    private readonly PointReader points = new(reader);

    /// <summary>Reads the profile; what cannot be read is reported and left out.</summary>
    public ProfileSource Read(Layer layer, string name)
    {
        KeySet.Profile.Check(layer, reader.Mistakes);
        var modbus = reader.Apply(SpecFields.Modbus, new(), layer);
        Layer? defaults = null;
        if (layer.Find("point_defaults") is { } common && reader.AsMap(common, layer.At("point_defaults"), "points' defaults") is { } found)
        {
            defaults = found with { IsForeign = layer.IsForeign };
            points.Check(defaults);
        }

        var entries = new List<ProfileEntry>();
        var descriptions = new List<ProfilePoint>();
        if (layer.Find("points") is not { } list)
        {
            reader.Mistakes.Break(layer.Map, "points", layer.Path, "has no points; expected points: with a list");
        }
        else
        {
            foreach (var map in reader.Maps(list, layer.At("points"), "points"))
            {
                var own = map with { IsForeign = layer.IsForeign };
                KeySet.ProfilePoint.Check(own, reader.Mistakes);
                if (points.Read(own, null, defaults) is { } point)
                {
                    entries.Add(new ProfileEntry(point, new PointPlace(own.Map, own.Path, defaults is null ? [own] : [own, defaults])));
                    descriptions.Add(new ProfilePoint(point, Text(own, "description")));
                }
            }
        }

        var profile = new Profile(name, Text(layer, "title"), Text(layer, "note"), IsMarked(layer), modbus, descriptions);
        CheckRules(layer, profile, entries);
        return new ProfileSource(profile, layer, entries);
    }

    // A profile is checked like a device that reads all of it, so that a mistake is found before anything uses it.
    private void CheckRules(Layer layer, Profile profile, List<ProfileEntry> entries)
    {
        if (entries.Count == 0)
        {
            return;
        }

        var device = new DeviceSpec
        {
            Name = "profile",
            Address = "profile:502",
            Modbus = profile.Modbus,
            Groups = [new GroupSpec { Points = entries.ConvertAll(entry => entry.Spec) }],
        };
        var place = new DevicePlace(layer, [layer], [new GroupPlace(layer, entries.ConvertAll(entry => entry.Place))]);
        foreach (var broken in SpecRules.Breaks(device, checkFields: false))
        {
            place.Report(broken, reader.Mistakes);
        }
    }

    private string Text(Layer layer, string key) =>
        layer.Find(key) is { } node && reader.TryText(node, layer.At(key), out var text) ? (text ?? "").Trim() : "";

    private bool IsMarked(Layer layer)
    {
        var text = Text(layer, "check_with_manual");
        if (text.Length > 0 && flag.Read(text, out var marked) is var problem)
        {
            if (problem is not null)
            {
                reader.Mistakes.Fail(layer.Find("check_with_manual")!, layer.At("check_with_manual"), $"{Wording.Quote(text)} {problem}");
            }

            return marked;
        }

        return false;
    }
}
