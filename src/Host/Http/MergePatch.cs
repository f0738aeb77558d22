using System.Text.Json;
using System.Text.Json.Nodes;
using Rondo.Polling.Configuration;

namespace Rondo.Host.Http;

/// <summary>JSON Merge Patch (RFC 7396) on a device: what the patch names is replaced, null resets to the default, lists are replaced as a whole.</summary>
internal static class MergePatch
{
    // Other names of the keys that a stored device is written with: both at once would contradict each other.
    private static readonly Dictionary<string, string> _aliases = new()
    {
        ["monitoring_enabled"] = "enabled",
        ["hostname"] = "address",
        ["host"] = "address",
        ["port"] = "address",
        ["unit_id"] = "unit",
        ["slave"] = "unit",
    };

    private static readonly JsonDocumentOptions _strict = new() { MaxDepth = 24, AllowDuplicateProperties = false };

    /// <summary>The device with the patch applied, as JSON for <see cref="SpecJson.ReadDevice"/>; or what is wrong with the patch.</summary>
    public static (string Json, Problem? Problem) Apply(DeviceSpec stored, string patch)
    {
        var target = JsonNode.Parse(SpecJson.WriteDevice(stored))!.AsObject();
        try
        {
            if (JsonNode.Parse(patch, null, _strict) is not JsonObject changes)
            {
                return ("", Problem.Refused("A patch is a JSON object with the keys to change.", [new ProblemItem("", "is no object")]));
            }

            var unknown = changes.Where(c => !target.ContainsKey(c.Key) && !_aliases.ContainsKey(c.Key))
                .Select(c => new ProblemItem("/" + c.Key, $"is not a key of a stored device; expected one of {string.Join(", ", target.Select(t => t.Key))}")).ToArray();
            if (unknown.Length > 0)
            {
                return ("", Problem.Refused("A patch may name only the keys that GET shows; others would be overruled by them.", unknown));
            }

            foreach (var (key, _) in changes)
            {
                if (_aliases.TryGetValue(key, out var written))
                {
                    target.Remove(written);
                }
            }

            Merge(target, changes);
            return (target.ToJsonString(), null);
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException)
        {
            // InvalidOperationException: half of a surrogate pair, well-formed JSON but no text.
            return ("", Problem.Of(StatusCodes.Status400BadRequest, $"The patch is not JSON: {fault.Message}"));
        }
    }

    private static void Merge(JsonObject target, JsonObject changes)
    {
        foreach (var (key, value) in changes)
        {
            switch (value)
            {
                case null:
                    target.Remove(key);
                    break;
                case JsonObject inner when target[key] is JsonObject present:
                    Merge(present, inner);
                    break;
                default:
                    target[key] = value.DeepClone();
                    break;
            }
        }
    }
}
