using System.Text;
using System.Text.Unicode;
using Rondo.Polling.Configuration.Files;

namespace Rondo.Polling.Configuration;

/// <summary>What a device file says, or everything that is wrong with it; never a part of either.</summary>
/// <param name="Devices">The devices, in the order of the file; empty when there are mistakes.</param>
/// <param name="Mistakes">Everything that is wrong, by line; empty when the file may be applied.</param>
/// <param name="Warnings">What is allowed, but most likely not meant.</param>
public sealed record DeviceFileReading(IReadOnlyList<DeviceSpec> Devices, IReadOnlyList<FileMistake> Mistakes, IReadOnlyList<FileMistake> Warnings)
{
    /// <summary>True when the file may be applied.</summary>
    public bool IsGood => Mistakes.Count == 0;

    internal IReadOnlyDictionary<string, DevicePlace> Places { get; init; } = new Dictionary<string, DevicePlace>();

    /// <summary>A rule between devices that a device of this file breaks (<see cref="FleetRules.Check"/>), at its line; null when it is about another device.</summary>
    /// <param name="mistake">The mistake; its path begins with the device's name.</param>
    /// <param name="fileName">How to name the file.</param>
    public FileMistake? Locate(SpecMistake mistake, string fileName)
    {
        // A name may have dots of its own.
        for (var end = mistake.Path.IndexOf('.'); end >= 0; end = mistake.Path.IndexOf('.', end + 1))
        {
            if (Places.TryGetValue(mistake.Path[..end], out var place))
            {
                var at = place.Field(mistake.Path[(mistake.Path.LastIndexOf('.') + 1)..]);
                return new FileMistake(fileName, at.Line, at.Column, mistake.Path, mistake.Message);
            }
        }

        return null;
    }
}

/// <summary>The device file of <c>rondo devices apply</c>; its format is docs/operations/devices.md.</summary>
public static class DeviceFile
{
    /// <summary>Largest file that is read: 16 MiB, some fifty thousand devices written out one by one.</summary>
    public const int MaxBytes = 16 * 1024 * 1024;

    /// <summary>Reads a file's bytes, which must be UTF-8.</summary>
    public static DeviceFileReading Parse(ReadOnlySpan<byte> utf8, string fileName)
    {
        if (utf8.Length > MaxBytes)
        {
            return Refused(fileName, 1, 1, TooLarge(utf8.Length));
        }

        if (Utf8.IsValid(utf8))
        {
            return Parse(Encoding.UTF8.GetString(utf8), fileName);
        }

        var bad = FirstInvalid(utf8);
        var before = utf8[..bad];
        var lineStart = before.LastIndexOf((byte)'\n') + 1;
        var column = Encoding.UTF8.GetCharCount(before[lineStart..]) + 1;
        return Refused(fileName, before.Count((byte)'\n') + 1, column, $"the byte 0x{utf8[bad]:X2} is not UTF-8; expected the file to be saved as UTF-8");
    }

    /// <summary>Reads a file's text. Pure: nothing is looked up, nothing but the text decides. Never throws for any text.</summary>
    /// <param name="text">The text, at most <see cref="MaxBytes"/>.</param>
    /// <param name="fileName">How mistakes name the file.</param>
    public static DeviceFileReading Parse(string text, string fileName)
    {
        if (text.Length > MaxBytes)
        {
            return Refused(fileName, 1, 1, TooLarge(text.Length));
        }

        var mistakes = new MistakeList(fileName);
        var root = YamlTree.Read(text.TrimStart('\uFEFF'), mistakes);
        var (devices, places) = root is null ? ([], []) : FileReader.Read(root, mistakes);
        return new DeviceFileReading(mistakes.Any ? [] : devices, mistakes.Mistakes(), mistakes.Warnings()) { Places = places };
    }

    private static string TooLarge(int size) =>
        $"the file has {size / 1024.0 / 1024.0:F1} MiB; expected at most {MaxBytes / 1024 / 1024} MiB (split it, or use profile and repeat)";

    private static DeviceFileReading Refused(string file, int line, int column, string message) =>
        new([], [new FileMistake(file, line, column, "", message)], []);

    private static int FirstInvalid(ReadOnlySpan<byte> utf8)
    {
        var at = 0;
        while (Rune.DecodeFromUtf8(utf8[at..], out _, out var length) == System.Buffers.OperationStatus.Done)
        {
            at += length;
        }

        return at;
    }
}
