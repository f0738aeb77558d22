using System.Text.Json;

namespace Rondo.Polling.Configuration;

/// <summary>
/// One setting of a record: its name, how it is read, checked, shown, compared and written. The device file, the HTTP API, the stored
/// JSON, the rules and the comparison all walk the same list of fields, so that none of them can forget one.
/// </summary>
internal abstract class Field<TRecord>(string name, string[] others)
{
    /// <summary>The name that is written.</summary>
    public string Name { get; } = name;

    /// <summary>Every name that is accepted, the written one first.</summary>
    public IReadOnlyList<string> Names { get; } = [name, .. others];

    /// <summary>Sets the field from text (null: unset it); returns null, or what is wrong. The record changes only when nothing is.</summary>
    public abstract string? Read(string? text, ref TRecord record);

    /// <summary>Null when the record's value is allowed, else the value and what is wrong with it.</summary>
    public abstract string? Check(TRecord record);

    /// <summary>The record's value as people write it; null when it is unset.</summary>
    public abstract string? Show(TRecord record);

    /// <summary>Writes the record's value as JSON.</summary>
    public abstract void Write(Utf8JsonWriter json, TRecord record);

    /// <summary>Whether two records agree on this field.</summary>
    public abstract bool Same(TRecord one, TRecord other);
}

/// <summary>A field that always has a value.</summary>
internal sealed class Field<TRecord, TValue>(
    string name, Codec<TValue> codec, Func<TRecord, TValue> get, Func<TRecord, TValue, TRecord> set, params string[] others) : Field<TRecord>(name, others)
{
    /// <summary>The text that "no value" stands for, for fields where an empty text means none; null where a value must be given.</summary>
    public string? None { get; init; }

    public override string? Read(string? text, ref TRecord record)
    {
        text ??= None;
        if (text is null)
        {
            return "has no value; leave the key out for the default";
        }

        var problem = codec.Read(text, out var value) ?? codec.Check(value);
        if (problem is null)
        {
            record = set(record, value);
            return null;
        }

        return $"{Wording.Quote(text)} {problem}";
    }

    public override string? Check(TRecord record) =>
        codec.Check(get(record)) is { } problem ? $"{Wording.Quote(codec.Show(get(record)))} {problem}" : null;

    public override string? Show(TRecord record) => codec.Show(get(record)) is var shown && None is not null && shown == None ? null : shown;

    public override void Write(Utf8JsonWriter json, TRecord record)
    {
        if (Show(record) is null)
        {
            json.WriteNullValue();
        }
        else
        {
            codec.Write(json, get(record));
        }
    }

    public override bool Same(TRecord one, TRecord other) => EqualityComparer<TValue>.Default.Equals(get(one), get(other));
}

/// <summary>A field that may be unset.</summary>
internal sealed class OptionalField<TRecord, TValue>(
    string name, Codec<TValue> codec, Func<TRecord, TValue?> get, Func<TRecord, TValue?, TRecord> set, params string[] others) : Field<TRecord>(name, others)
    where TValue : struct
{
    public override string? Read(string? text, ref TRecord record)
    {
        TValue? read = null;
        if (text is not null)
        {
            var problem = codec.Read(text, out var value) ?? codec.Check(value);
            if (problem is not null)
            {
                return $"{Wording.Quote(text)} {problem}";
            }

            read = value;
        }

        record = set(record, read);
        return null;
    }

    public override string? Check(TRecord record) =>
        get(record) is { } value && codec.Check(value) is { } problem ? $"{Wording.Quote(codec.Show(value))} {problem}" : null;

    public override string? Show(TRecord record) => get(record) is { } value ? codec.Show(value) : null;

    public override void Write(Utf8JsonWriter json, TRecord record)
    {
        if (get(record) is { } value)
        {
            codec.Write(json, value);
        }
        else
        {
            json.WriteNullValue();
        }
    }

    public override bool Same(TRecord one, TRecord other) => Nullable.Equals(get(one), get(other));
}
