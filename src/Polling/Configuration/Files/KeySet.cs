namespace Rondo.Polling.Configuration.Files;

/// <summary>The keys a mapping may have.</summary>
internal sealed class KeySet
{
    private const int MostExplained = 100;
    private readonly HashSet<string> known;

    private KeySet(IEnumerable<string> keys) => known = [.. keys];

    private static readonly string[] timing = Names(SpecFields.Timing);
    private static readonly string[] endpoint = Names(SpecFields.Endpoint);
    private static readonly string[] modbus = Names(SpecFields.Modbus);
    private static readonly string[] address = ["address", "hostname", "host", "port"];
    private static readonly string[] point = [.. Names(SpecFields.Point), .. Names(SpecFields.Register), "style"];

    public static readonly KeySet File = new(["defaults", "endpoints", "profiles", "devices"]);
    public static readonly KeySet Defaults = new([.. Names(SpecFields.Device), .. timing, .. endpoint, .. modbus, "tags", "profile", "port", "point_defaults"]);
    public static readonly KeySet EndpointSettings = new(endpoint);
    public static readonly KeySet Endpoint = new([.. endpoint, .. address]);
    public static readonly KeySet Profile = new([.. modbus, "name", "title", "note", "check_with_manual", "point_defaults", "points"]);
    public static readonly KeySet Device = new(
        ["name", .. Names(SpecFields.Device), .. address, "endpoint", .. endpoint, .. modbus, .. timing, "tags", "profile", "repeat", "point_defaults", "points", "groups"]);
    public static readonly KeySet Group = new([.. Names(SpecFields.Group), .. timing, "points"]);
    public static readonly KeySet Point = new(point);
    public static readonly KeySet ProfilePoint = new([.. point, "description"]);
    public static readonly KeySet PointDefaults = new(point.Except(["name", "address", "bit", "scale_address"]));

    /// <summary>Reports every key of the layer that is not known.</summary>
    public void Check(Layer layer, MistakeList mistakes)
    {
        var unknown = 0;
        foreach (var (key, _) in layer.Map.Entries)
        {
            if (!known.Contains(key.Text))
            {
                // Comparing with every known word takes its time; rubbish of hundreds of thousands of keys must not take minutes of it.
                var message = ++unknown <= MostExplained ? Unknown(key.Text) : $"unknown key {Wording.Quote(key.Text)}";
                mistakes.Fail(key, layer.At(key.Text.Length > 40 ? key.Text[..40] + "…" : key.Text), message);
            }
        }
    }

    private string Unknown(string key) =>
        SecretWords.In(key) is { } secret ? SecretWords.Refusal(key, secret)
        : key == "<<" ? "merge keys are not read here; expected defaults:, profiles: or repeat: instead"
        : Wording.Nearest(key, known) is { } near ? $"unknown key {Wording.Quote(key)}; did you mean {near}?"
        : $"unknown key {Wording.Quote(key)}; expected one of {string.Join(", ", known.Order(StringComparer.Ordinal))}";

    private static string[] Names<T>(Field<T>[] fields) => fields.SelectMany(field => field.Names).ToArray();
}
