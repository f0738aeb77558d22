namespace Rondo.Polling.Configuration.Files;

/// <summary>One point of a profile, as a device takes it over.</summary>
internal sealed record ProfileEntry(PointSpec Spec, PointPlace Place);

/// <summary>A profile with the text it came from.</summary>
internal sealed class ProfileSource(Profile profile, Layer layer, IReadOnlyList<ProfileEntry> points)
{
    private readonly Dictionary<string, ProfileEntry> byName = points.DistinctBy(point => point.Spec.Name).ToDictionary(point => point.Spec.Name);

    public Profile Profile { get; } = profile;

    /// <summary>Where its device settings are looked up.</summary>
    public Layer Layer { get; } = layer;

    public IReadOnlyList<ProfileEntry> Points { get; } = points;

    public IEnumerable<string> Names => byName.Keys;

    public ProfileEntry? Find(string name) => byName.GetValueOrDefault(name);
}
