namespace Rondo.Polling.Slots;

/// <summary>What a device's latest polls say about it.</summary>
public enum DeviceStatus : byte
{
    /// <summary>Not polled yet.</summary>
    Unknown,

    /// <summary>The last poll got an answer.</summary>
    Online,

    /// <summary>The last poll failed, but fewer than the threshold in a row.</summary>
    Degraded,

    /// <summary>At least the threshold of polls failed in a row.</summary>
    Offline,

    /// <summary>Polling is switched off for it.</summary>
    Paused,
}

/// <summary>The words of the database, and the one transition function.</summary>
public static class DeviceStatusWords
{
    private static readonly string[] _texts = ["unknown", "online", "degraded", "offline", "paused"];

    /// <summary>Text of a status.</summary>
    public static string Text(this DeviceStatus status) => _texts[(int)status];

    /// <summary>Status of a text.</summary>
    public static DeviceStatus Parse(string text) => (DeviceStatus)Math.Max(0, Array.IndexOf(_texts, text));

    /// <summary>Status after <paramref name="failures"/> failed polls in a row.</summary>
    public static DeviceStatus After(int failures, int threshold) =>
        failures == 0 ? DeviceStatus.Online : failures < threshold ? DeviceStatus.Degraded : DeviceStatus.Offline;
}
