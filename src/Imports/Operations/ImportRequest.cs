using System.Text.Json;
using Rondo.Imports.Profiles;
using Rondo.Jobs.Calls;

namespace Rondo.Imports;

/// <summary>What whoever hands a file in says about it.</summary>
public sealed record ImportRequest
{
    /// <summary>What the file is called; for people, never for a path.</summary>
    public required string File { get; init; }

    /// <summary>How it is read.</summary>
    public required Profile Profile { get; init; }

    /// <summary>The meter, for files whose rows name none; null where they do, or where the profile takes it from the file's name.</summary>
    public string? Meter { get; init; }

    /// <summary><c>low</c>, <c>normal</c> or <c>high</c>; one step is worth 30 minutes of waiting.</summary>
    public string Priority { get; init; } = "normal";

    /// <summary>Words to find it by; at most 20, each of 1 to 60 characters.</summary>
    public IReadOnlyList<string> Tags { get; init; } = [];

    /// <summary>A remark for people, at most 1,000 characters.</summary>
    public string? Note { get; init; }

    /// <summary>Names and values of the caller's own.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; init; } = new Dictionary<string, string>();

    /// <summary>Runs after the first one, 0 to 100. Default 3.</summary>
    public int MaxRetries { get; init; } = 3;

    /// <summary>More rejected rows refuse the whole file, before anything of it is written; null for no limit.</summary>
    public long? MaxRejects { get; init; }

    /// <summary>What becomes of meters that nobody knows; null for what the profile says.</summary>
    public UnknownMeters? Unknown { get; init; }

    /// <summary>Called once when the import has ended, by the queue's <c>http</c>; null for nobody.</summary>
    public string? Webhook { get; init; }

    /// <summary>The profile for this file, with its meter where the rows name none.</summary>
    internal Profile Reading => Profile.For(Meter, File);

    internal string? TagsJson => Tags.Count == 0 ? null : JsonSerializer.Serialize(Tags);

    internal string? MetadataJson => Metadata.Count == 0 ? null : JsonSerializer.Serialize(Metadata);

    /// <summary>Priorities of jobs that go with the words.</summary>
    internal static int PriorityOf(string priority) => priority switch { "high" => 60, "low" => -60, _ => 0 };

    internal static string Text(UnknownMeters unknown) => unknown switch { UnknownMeters.Refuse => "refuse", UnknownMeters.Skip => "skip", _ => "create" };

    /// <summary>Reads the word; null when it is none.</summary>
    public static UnknownMeters? UnknownOf(string? word) => word switch { "create" => UnknownMeters.Create, "refuse" => UnknownMeters.Refuse, "skip" => UnknownMeters.Skip, _ => null };

    internal void Check()
    {
        Require(File.Length is > 0 and <= 255 && !File.AsSpan().ContainsAny('\0', '\n', '\r'), "a file needs a name of 1 to 255 characters on one line");
        Require(Priority is "low" or "normal" or "high", $"priority is '{Names.Shown(Priority)}'; expected low, normal or high");
        Require(MaxRetries is >= 0 and <= 100, $"max_retries is {MaxRetries}; expected 0 to 100");
        Require(MaxRejects is null or >= 0, $"max_rejects is {MaxRejects}; expected 0 or more");
        var call = Webhook is null ? null : HttpCallHandler.Options.Refuse!(new HttpCall(Webhook));
        Require(call is null, $"webhook: {call?.Problem}");

        static void Require(bool holds, string message)
        {
            if (!holds)
            {
                throw new ImportRefused(message);
            }
        }
    }
}
