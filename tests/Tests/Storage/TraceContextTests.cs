using Rondo.Storage;

namespace Rondo.Tests.Storage;

/// <summary>What is taken up of what somebody sends: W3C Trace Context, and correlation ids.</summary>
public sealed class TraceContextTests
{
    private const string Trace = "0af7651916cd43dd8448eb211c80319c";
    private const string Span = "b7ad6b7169203331";

    [Theory]
    [InlineData("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", true)]
    [InlineData("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00", false)]
    [InlineData("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-ff", true)]
    [InlineData("cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", true)]
    [InlineData("cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-what-the-future-will-be-like", true)]
    public void A_parent_is_taken_up(string given, bool isSampled)
    {
        var context = TraceContext.From("order-1", given);
        Assert.Equal(("order-1", Trace, Span, isSampled), (context.CorrelationId, context.TraceId, context.SpanId, context.IsSampled));
        Assert.Equal($"00-{Trace}-{Span}-{(isSampled ? "01" : "00")}", context.Traceparent);
        Assert.Equal(Trace, TraceContext.From(null, given).CorrelationId);
        var next = context.Next();
        Assert.Equal(("order-1", Trace), (next.CorrelationId, next.TraceId));
        Assert.NotEqual(Span, next.SpanId);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331")]
    [InlineData("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-")]
    [InlineData("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01x")]
    [InlineData("cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01.what")]
    [InlineData("ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")]
    [InlineData("00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01")]
    [InlineData("00-00000000000000000000000000000000-b7ad6b7169203331-01")]
    [InlineData("00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01")]
    [InlineData("00-0af7651916cd43dd8448eb211c80319g-b7ad6b7169203331-01")]
    [InlineData("00 0af7651916cd43dd8448eb211c80319c b7ad6b7169203331 01")]
    [InlineData("<script>alert('0af7651916cd43dd8448eb211c80319c')</script>--------")]
    public void What_is_no_parent_is_replaced_by_a_trace_of_its_own(string? given)
    {
        Assert.Null(TraceContext.Take(null, given));
        var (one, other) = (TraceContext.From(null, given), TraceContext.From(null, given));
        Assert.True(TraceContext.IsTraceId(one.TraceId));
        Assert.NotEqual(Trace, one.TraceId);
        Assert.NotEqual(one.TraceId, other.TraceId);
        Assert.Equal(one.TraceId, one.CorrelationId);
        Assert.NotNull(TraceContext.Take("order-1", given));
    }

    [Fact]
    public void Within_a_use_it_is_the_current_one_and_behind_it_the_one_before()
    {
        var (outer, inner) = (TraceContext.From("a", null), TraceContext.From("b", null));
        Assert.Null(TraceContext.Current);
        using (TraceContext.Enter(outer))
        {
            using (TraceContext.Enter(inner))
            {
                Assert.Same(inner, TraceContext.Current);
            }

            Assert.Same(outer, TraceContext.Current);
        }

        Assert.Null(TraceContext.Current);
    }

    [Theory, BothDatabases]
    public async Task A_transaction_is_done_in_the_name_of_whoever_handed_it_over_whoever_runs_it(DatabaseKind kind)
    {
        await using var store = await TestStore.CreateAsync(kind);
        var wrong = new System.Collections.Concurrent.ConcurrentBag<string>();
        await Parallel.ForEachAsync(Enumerable.Range(0, 200), new ParallelOptions { MaxDegreeOfParallelism = 4 }, async (n, stop) =>
        {
            var mine = n % 3 == 0 ? null : TraceContext.From($"c{n}", null);
            using var use = TraceContext.Enter(mine);
            bool Check(Transaction tx)
            {
                if (tx.Trace != mine)
                {
                    wrong.Add($"{n}: {tx.Trace?.CorrelationId}");
                }

                return true;
            }

            // Some block and may run what others handed over, others wait.
            _ = n % 2 == 0 ? store.Database.Write("test", Check) : await store.Database.WriteAsync("test", Check, stop);
        });
        Assert.Empty(wrong);
    }
}
