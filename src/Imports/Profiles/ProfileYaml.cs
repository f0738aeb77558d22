using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Rondo.Imports.Profiles;

/// <summary>One field of a profile: a word, a list of words, or names with such.</summary>
internal sealed class ProfileField(string place, string key, long line)
{
    public string? Word { get; set; }

    public List<string>? Words { get; set; }

    public Dictionary<string, ProfileField>? Fields { get; set; }

    public string Scalar() => Word ?? throw Mistake("expected a single word");

    public List<string> List() => Words ?? (Word is not null ? [Word] : throw Mistake("expected a list of words"));

    public Dictionary<string, ProfileField> Map() => Fields ?? throw Mistake("expected names with their columns");

    public ImportRefused Mistake(string what) => new($"{place}, line {line}: {key}: {what}");
}

/// <summary>The YAML of a profile, read from events with a bound on depth: a document model would follow any nesting.</summary>
internal static class ProfileYaml
{
    private const int MostFields = 200;

    public static Dictionary<string, ProfileField> Read(string text, string place)
    {
        if (text.Length > ProfileReader.Longest)
        {
            throw new ImportRefused($"{place}: a profile has at most {ProfileReader.Longest} characters");
        }

        try
        {
            var parser = new Parser(new StringReader(text));
            parser.Consume<StreamStart>();
            parser.Consume<DocumentStart>();
            return Fields(parser, place, depth: 0);
        }
        catch (YamlException fault)
        {
            throw new ImportRefused($"{place}, line {fault.Start.Line}: this is not the YAML of a profile: {fault.Message}", fault);
        }
        catch (Exception fault) when (fault is InvalidOperationException or ArgumentException)
        {
            // YamlDotNet meets some broken texts with exceptions that are not its own.
            throw new ImportRefused($"{place}: this is not the YAML of a profile", fault);
        }
    }

    private static Dictionary<string, ProfileField> Fields(Parser parser, string place, int depth)
    {
        var fields = new Dictionary<string, ProfileField>(StringComparer.Ordinal);
        parser.Consume<MappingStart>();
        while (!parser.TryConsume<MappingEnd>(out _))
        {
            var key = parser.Consume<Scalar>();
            var field = new ProfileField(place, key.Value, key.Start.Line);
            if (fields.Count >= MostFields || !fields.TryAdd(key.Value, field))
            {
                throw field.Mistake("is there twice, or there are too many");
            }

            if (parser.Accept<MappingStart>(out _) && depth == 0)
            {
                field.Fields = Fields(parser, place, depth + 1);
            }
            else if (parser.TryConsume<SequenceStart>(out _))
            {
                field.Words = [];
                while (!parser.TryConsume<SequenceEnd>(out _))
                {
                    field.Words.Add(parser.Consume<Scalar>().Value);
                }
            }
            else
            {
                field.Word = parser.Consume<Scalar>().Value;
            }
        }

        return fields;
    }
}
