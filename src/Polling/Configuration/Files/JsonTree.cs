using System.Text;
using System.Text.Json;

namespace Rondo.Polling.Configuration.Files;

/// <summary>Builds nodes from JSON, so that the API reads devices by the same code as a file.</summary>
internal static class JsonTree
{
    private const int MaxDepth = 24;

    /// <summary>The root, or null after a mistake that leaves nothing to read.</summary>
    public static Node? Read(string json, MistakeList mistakes)
    {
        try
        {
            var reader = new Utf8JsonReader(Encoding.UTF8.GetBytes(json), new JsonReaderOptions { MaxDepth = MaxDepth });
            reader.Read();
            var root = Build(ref reader, "$", mistakes);

            // Only a text that ends after its value is JSON.
            reader.Read();
            return root;
        }
        catch (JsonException fault)
        {
            var line = (int)(fault.LineNumber ?? 0) + 1;
            var column = (int)(fault.BytePositionInLine ?? 0) + 1;
            mistakes.Add(line, column, "$", $"this is not JSON at line {line}, column {column}: {Sentence(fault.Message)}");
            return null;
        }
    }

    private static Node Build(ref Utf8JsonReader reader, string path, MistakeList mistakes)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.StartObject:
                var map = new Node(NodeKind.Map, 0, 0);
                while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
                {
                    var key = new Node(NodeKind.Scalar, 0, 0) { Text = Text(ref reader) };
                    reader.Read();
                    var value = Build(ref reader, $"{path}.{key.Text}", mistakes);
                    if (map.IndexOf(key.Text) >= 0)
                    {
                        mistakes.Fail(key, $"{path}.{key.Text}", "the key is given twice; expected it once");
                        continue;
                    }

                    map.Entries.Add(new Entry(key, value));
                }

                return map;
            case JsonTokenType.StartArray:
                var list = new Node(NodeKind.List, 0, 0);
                while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
                {
                    list.Items.Add(Build(ref reader, $"{path}[{list.Items.Count}]", mistakes));
                }

                return list;
            default:
                return new Node(NodeKind.Scalar, 0, 0) { Text = Text(ref reader), IsNull = reader.TokenType == JsonTokenType.Null };
        }
    }

    private static string Text(ref Utf8JsonReader reader)
    {
        if (reader.TokenType is not (JsonTokenType.String or JsonTokenType.PropertyName))
        {
            return Encoding.UTF8.GetString(reader.ValueSpan);
        }

        try
        {
            return reader.GetString() ?? "";
        }
        catch (InvalidOperationException fault)
        {
            // Half of a surrogate pair: well-formed JSON, but no text.
            throw new JsonException(fault.Message, fault);
        }
    }

    private static string Sentence(string message)
    {
        var end = message.IndexOf(" LineNumber:", StringComparison.Ordinal);
        return (end < 0 ? message : message[..end]).TrimEnd('.', ' ');
    }
}
