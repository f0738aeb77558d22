using System.Text.Json;
using System.Text.Json.Nodes;
using Rondo.Jobs;
using Rondo.Security;

namespace Rondo.Host.Jobs;

/// <summary>Arguments of a job as they are shown to whoever may see it: headers (of a call) that are named like a secret have <c>***</c> in the place of their value.</summary>
internal static class ShownArgs
{
    /// <summary>As they are shown.</summary>
    public static JsonElement Of(JsonElement args)
    {
        if (args.ValueKind != JsonValueKind.Object || !args.EnumerateObject().Any(IsHeaders))
        {
            return args;
        }

        var shown = new JsonObject();
        foreach (var property in args.EnumerateObject())
        {
            shown[property.Name] = IsHeaders(property) ? Headers(property.Value) : JsonNode.Parse(property.Value.GetRawText());
        }

        return JsonSerializer.SerializeToElement(shown);
    }

    /// <inheritdoc cref="Of(JsonElement)"/>
    public static JsonElement Of(string args) => Of(JsonSerializer.Deserialize<JsonElement>(args));

    /// <summary>A schedule, with its arguments as they are shown.</summary>
    public static ScheduleView In(ScheduleView schedule) => schedule with { Args = Of(schedule.Args) };

    /// <inheritdoc cref="In(ScheduleView)"/>
    public static ScheduleDetails In(ScheduleDetails details) => details with { Schedule = In(details.Schedule) };

    /// <inheritdoc cref="In(ScheduleView)"/>
    public static ScheduleList In(ScheduleList list) => list with { Schedules = [.. list.Schedules.Select(In)] };

    private static bool IsHeaders(JsonProperty property) => property.Name.Equals("headers", StringComparison.OrdinalIgnoreCase) && property.Value.ValueKind == JsonValueKind.Object;

    private static JsonObject Headers(JsonElement headers)
    {
        var shown = new JsonObject();
        foreach (var header in headers.EnumerateObject())
        {
            shown[header.Name] = Masking.IsSecret(header.Name) ? Masking.Mask : JsonNode.Parse(header.Value.GetRawText());
        }

        return shown;
    }
}
