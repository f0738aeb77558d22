using Rondo.Storage;

namespace Rondo.Live.Log;

/// <summary>One event of the log.</summary>
public sealed class LoggedEvent
{
    /// <summary>Its number: 1, 2, 3, … in the order of commits, without holes.</summary>
    public long Id { get; init; }

    /// <summary>A random number that tells this event from another one of the same number in a log that diverged.</summary>
    public int Stamp { get; init; }

    /// <summary>What happened.</summary>
    public string Name { get; init; } = "";

    /// <summary>Its address.</summary>
    public string Topic { get; init; } = "";

    /// <summary>Another topic, or null.</summary>
    public string? AlsoOn { get; init; }

    /// <summary>The one connection of the Pusher protocol that is not told, or null.</summary>
    public string? NotFor { get; init; }

    /// <summary>When it was true.</summary>
    public Instant At { get; init; }

    /// <summary>A JSON object.</summary>
    public string Data { get; init; } = "{}";

    /// <summary>By what whoever asked calls the request it follows from; null for none.</summary>
    public string? CorrelationId { get; init; }

    /// <summary>In which trace.</summary>
    public string? TraceId { get; init; }
}

/// <summary>Where the log ends.</summary>
public sealed class LogHead
{
    /// <summary>Name of the log.</summary>
    public string Epoch { get; init; } = "";

    /// <summary>Number of the last event, 0 for none.</summary>
    public long Last { get; init; }

    /// <summary>Number of the oldest event that is kept; null when none is.</summary>
    public long? Oldest { get; init; }

    /// <summary>Stamp of the event that was asked for; null when it is not there.</summary>
    public int? Stamp { get; init; }

    /// <summary>True when events wait to be numbered.</summary>
    public bool IsWaiting { get; init; }
}
