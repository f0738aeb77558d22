using FsCheck;
using FsCheck.Fluent;
using Rondo.Simulators.Modbus;
using Xunit;

namespace Rondo.Tests.Simulators;

public class FaultTextTests
{
    [Fact]
    public void The_examples_of_the_help_text_are_read()
    {
        Assert.True(FaultSpec.TryParse("delay=200ms,units=3-7", out var delay, out _));
        Assert.Equal(new FaultSpec { Kind = FaultKind.Delay, Time = TimeSpan.FromMilliseconds(200), Units = new(3, 7) }, delay);
        Assert.True(FaultSpec.TryParse("exception=2,gateway=1,p=0.1", out var exception, out _));
        Assert.Equal(new FaultSpec { Kind = FaultKind.Exception, Code = 2, Gateways = new(1, 1), Probability = 0.1 }, exception);
        Assert.True(FaultSpec.TryParse("delay=1s, jitter=50ms", out var spaced, out _));
        Assert.Equal(TimeSpan.FromMilliseconds(50), spaced.Jitter);
    }

    [Fact]
    public void The_table_names_every_kind_once_and_every_name_is_read()
    {
        Assert.Equal(Enum.GetValues<FaultKind>(), FaultName.All.Select(name => name.Kind));
        foreach (var name in FaultName.All)
        {
            var value = name.Kind switch { FaultKind.Delay => "=1s", FaultKind.Exception => "=2", _ => "" };
            Assert.True(FaultSpec.TryParse(name.Name + value, out var spec, out var error), error);
            Assert.Equal(name.Kind, spec.Kind);
            Assert.Same(name, FaultName.Of(spec.Kind));
        }
    }

    [Theory]
    [InlineData("", "no fault", "delay, refuse")]
    [InlineData("slow=3", "'slow' is no fault", "delay")]
    [InlineData("delay", "needs a time", "delay=200ms")]
    [InlineData("delay=200", "'200'", "delay=200ms")]
    [InlineData("delay=2h", "0 to 1h", "'2h'")]
    [InlineData("drop=x", "number of bytes", "drop=5")]
    [InlineData("drop=261", "0 to 260", "'261'")]
    [InlineData("exception", "exception code", "exception=2")]
    [InlineData("exception=9", "10 or 11", "'9'")]
    [InlineData("single=push", "'kick' or 'refuse'", "'push'")]
    [InlineData("dead=yes", "'silence' or 'exception'", "'yes'")]
    [InlineData("silent=1", "takes no value", "=1")]
    [InlineData("refuse,units=3", "about connections", "gateways=1-3")]
    [InlineData("silent,units=7-3", "range up to 255", "'7-3'")]
    [InlineData("silent,units=256", "range up to 255", "'256'")]
    [InlineData("silent,gateway=-1", "range", "'-1'")]
    [InlineData("silent,p=1.5", "0 to 1", "'1.5'")]
    [InlineData("silent,p", "probability", "p=0.1")]
    [InlineData("silent,jitter=1s", "not understood", "after delay")]
    [InlineData("silent,delay=1s", "not understood", "One fault per --fault")]
    [InlineData("silent,", "not understood", "units=A-B")]
    public void A_mistake_is_explained(string text, string says, string shows)
    {
        Assert.False(FaultSpec.TryParse(text, out _, out var error));
        Assert.Contains(says, error, StringComparison.Ordinal);
        Assert.Contains(shows, error, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_written_is_read_again_as_the_same_fault()
    {
        var range =
            from first in Gen.Choose(1, 255)
            from second in Gen.Choose(1, 255)
            from any in Gen.Elements(true, false)
            select any ? (NumberRange?)null : new NumberRange(Math.Min(first, second), Math.Max(first, second));
        var time = Gen.Choose(0, 3_600_000).Select(ms => TimeSpan.FromMilliseconds(ms));
        var specs =
            from kind in Gen.Elements(Enum.GetValues<FaultKind>())
            from units in range
            from gateways in range
            from t in time
            from jitter in time
            from with in Gen.Elements(true, false)
            from number in Gen.Choose(0, 260)
            from p in Gen.Choose(0, 1_000_000)
            select new FaultSpec
            {
                Kind = kind,
                Units = FaultName.Of(kind).PerUnit ? units : null,
                Gateways = gateways,
                Time = kind == FaultKind.Delay || (with && kind is FaultKind.Late or FaultKind.Dribble) ? t : null,
                Jitter = kind == FaultKind.Delay ? jitter : TimeSpan.Zero,
                Bytes = with && kind is FaultKind.Drop or FaultKind.Garbage ? number : null,
                Code = kind == FaultKind.Exception ? (byte)((number % 8) + 1) : (byte)0,
                Variant = with && kind is FaultKind.Single or FaultKind.Dead,
                Probability = p / 1_000_000.0,
            };
        Prop.ForAll(specs.ToArbitrary(), spec => FaultSpec.TryParse(spec.ToString(), out var again, out _) && again == spec).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void Any_text_is_either_read_or_explained()
        => Prop.ForAll<string?>(text => FaultSpec.TryParse(text ?? "", out _, out var error) == (error.Length == 0)).QuickCheckThrowOnFailure();
}
