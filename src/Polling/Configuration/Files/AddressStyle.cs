using System.Globalization;

namespace Rondo.Polling.Configuration.Files;

/// <summary>How a document counts registers.</summary>
internal enum AddressStyle
{
    /// <summary>From 0, as on the wire.</summary>
    Wire,

    /// <summary>From 1, as Schneider's lists do.</summary>
    OneBased,

    /// <summary>Five or six digits of which the first names the function: 30001, 400001.</summary>
    Modicon,
}

/// <summary>Turns the number in a document into the number on the wire. 40001 alone may mean either, so the style is always said, never guessed.</summary>
internal static class AddressStyles
{
    private const int Space = 65536;

    /// <summary>The words for the styles.</summary>
    public static readonly WordCodec<AddressStyle> Words = new(
        "style", ("wire", AddressStyle.Wire), ("one_based", AddressStyle.OneBased), ("modicon", AddressStyle.Modicon), ("zero_based", AddressStyle.Wire));

    /// <summary>Reads an address; returns null, or what is wrong, to follow the quoted text.</summary>
    /// <param name="text">Decimal, or 0x hexadecimal but for Modicon numbers.</param>
    /// <param name="style">How the document counts.</param>
    /// <param name="wire">The address on the wire.</param>
    /// <param name="function">The function a Modicon number names, else 0.</param>
    public static string? Read(string text, AddressStyle style, out int wire, out byte function)
    {
        function = 0;
        if (style == AddressStyle.Modicon)
        {
            return Modicon(text, out wire, out function);
        }

        var first = style == AddressStyle.OneBased ? 1 : 0;
        var read = text.StartsWith("0x", StringComparison.OrdinalIgnoreCase)
            ? int.TryParse(text.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out wire)
            : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out wire);
        wire -= first;
        return !read ? $"is not a register address; expected {first} to {Space - 1 + first}, decimal or hexadecimal such as 0x0034"
            : wire is < 0 or >= Space ? $"is out of range; expected {first} to {Space - 1 + first}{(first == 0 ? " (style: modicon reads numbers such as 400001)" : "")}"
            : null;
    }

    private static string? Modicon(string text, out int wire, out byte function)
    {
        const string Expected = "expected five or six digits such as 30001 (input), 40001 or 400001 (holding), 10001 (discrete), 00001 (coil)";
        function = 0;
        wire = -1;
        if (text.Length is not (5 or 6) || !text.All(char.IsAsciiDigit))
        {
            return $"is not a Modicon number; {Expected}";
        }

        function = text[0] switch { '0' => 1, '1' => 2, '3' => 4, '4' => 3, _ => (byte)0 };
        wire = int.Parse(text.AsSpan(1), CultureInfo.InvariantCulture) - 1;
        return function == 0 || wire is < 0 or >= Space ? $"is not a Modicon number; {Expected}" : null;
    }
}
