namespace Rondo.Host;

/// <summary>What hints are about.</summary>
internal static class HintTopics
{
    /// <summary>The configuration of polling changed: devices, plans, the wish to poll, who owns what.</summary>
    public const string Polling = "polling";
}
