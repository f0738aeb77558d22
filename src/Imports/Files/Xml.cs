using System.Xml;

namespace Rondo.Imports.Files;

/// <summary>
/// XML as it comes, in memory that is bounded whatever it is: nothing between two tags is longer than 64 K, no raw text (CDATA), no DTD, names by the thousand at most, and
/// elements not deeper than anybody nests them.
/// </summary>
internal static class Xml
{
    private const int MostDepth = 64;
    private const int MostText = 1_000;

    /// <summary>Opens a reader of a text; both are ended by whoever opened them.</summary>
    public static XmlReader Open(TextReader text) => XmlReader.Create(new TagReader(text), new XmlReaderSettings
    {
        DtdProcessing = DtdProcessing.Prohibit, XmlResolver = null, IgnoreComments = true, IgnoreProcessingInstructions = true, IgnoreWhitespace = true, NameTable = new BoundedNames(),
    });

    /// <summary>Goes on; false at the end.</summary>
    public static bool Next(XmlReader xml) => xml.Read() && (xml.Depth <= MostDepth ? true : throw new ImportRefused($"elements of the XML lie more than {MostDepth} deep; it is no Green Button file"));

    /// <summary>The text of the element that was come to, at most 1,000 characters; then at its end.</summary>
    public static string TextOf(XmlReader xml)
    {
        var (text, depth) = ("", xml.Depth);
        if (xml.IsEmptyElement)
        {
            return text;
        }

        while (Next(xml) && xml.Depth > depth)
        {
            if (xml.NodeType == XmlNodeType.Text && text.Length < MostText)
            {
                text += xml.Value;
            }
        }

        return text.Length > MostText ? text[..MostText] : text.Trim();
    }

    /// <summary>The line that was come to.</summary>
    public static long LineOf(XmlReader xml) => ((IXmlLineInfo)xml).LineNumber;

    private sealed class BoundedNames : NameTable
    {
        private const int Most = 10_000;
        private int _count;

        public override string Add(string key) => Counted(base.Add(key));

        public override string Add(char[] key, int start, int len) => Get(key, start, len) ?? Counted(base.Add(key, start, len));

        private string Counted(string name) => ++_count <= Most ? name : throw new ImportRefused($"the XML has more than {Most:N0} names of elements; it is no Green Button file");
    }
}
