using System.Text.Json;

namespace Rondo.Polling.Configuration;

/// <summary>How one kind of value is written by people and stored in JSON, and which values are allowed.</summary>
internal abstract class Codec<TValue>
{
    /// <summary>Reads a value; returns null, or what is wrong and what was expected, to follow the quoted text.</summary>
    public abstract string? Read(string text, out TValue value);

    /// <summary>Null when the value is allowed, else what is wrong and what was expected.</summary>
    public virtual string? Check(TValue value) => null;

    /// <summary>The value as people write it; <see cref="Read"/> reads it back.</summary>
    public abstract string Show(TValue value);

    /// <summary>The value as JSON; its text form reads back with <see cref="Read"/>.</summary>
    public virtual void Write(Utf8JsonWriter json, TValue value) => json.WriteStringValue(Show(value));
}
