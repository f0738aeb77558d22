namespace Rondo.Readings.Retention;

/// <summary>What is kept equally long together.</summary>
public enum SeriesClass
{
    /// <summary>What pollers read: dense, and the same again tomorrow.</summary>
    Polled,

    /// <summary>What files brought: years of history that nobody can read again from a device.</summary>
    Imported,
}

/// <summary>Words for classes.</summary>
public static class SeriesClasses
{
    /// <summary>As it is stored and shown: <c>polled</c>, <c>imported</c>.</summary>
    public static string Word(this SeriesClass of) => of == SeriesClass.Polled ? "polled" : "imported";
}
