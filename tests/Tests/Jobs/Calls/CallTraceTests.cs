using System.Diagnostics;
using Microsoft.AspNetCore.Http;
using Rondo.Jobs.Calls;
using Rondo.Storage;

namespace Rondo.Tests.Jobs.Calls;

/// <summary>A call says which request it comes from, to its own origin.</summary>
public sealed class CallTraceTests
{
    private const string Trace = "0af7651916cd43dd8448eb211c80319c";

    [Fact]
    public async Task A_call_carries_the_request_it_comes_from_and_each_attempt_is_a_step_of_its_own()
    {
        await using var receiver = await Receiver.StartAsync((context, n) =>
        {
            context.Response.StatusCode = n == 1 ? 500 : 200;
            return Task.CompletedTask;
        });
        await using var rig = await CallRig.StartAsync(CallRig.Local());
        using (TraceContext.Enter(TraceContext.From("order-4711", $"00-{Trace}-b7ad6b7169203331-01")))
        {
            await rig.UntilAsync(await rig.EnqueueAsync(new HttpCall(receiver.Url("/"))), "done");
            await rig.UntilAsync(
                await rig.EnqueueAsync(new HttpCall(receiver.Url("/own"), Headers: new Dictionary<string, string> { ["X-Correlation-Id"] = "mine", ["traceparent"] = "mine too" })), "done");
        }

        await rig.UntilAsync(await rig.EnqueueAsync(new HttpCall(receiver.Url("/nobody"))), "done");
        var requests = receiver.Requests.ToArray();
        Assert.Equal(4, requests.Length);
        var parents = requests.Take(2).Select(r => r.Headers["traceparent"]).ToArray();
        Assert.All(parents, p => Assert.Matches($"^00-{Trace}-[0-9a-f]{{16}}-01$", p));
        Assert.NotEqual(parents[0], parents[1]);
        Assert.All(requests.Take(2), r => Assert.Equal("order-4711", r.Headers["X-Correlation-Id"]));
        Assert.Equal(("mine", "mine too"), (requests[2].Headers["X-Correlation-Id"], requests[2].Headers["traceparent"]));
        Assert.DoesNotContain("X-Correlation-Id", requests[3].Headers.Keys);
        Assert.DoesNotContain("traceparent", requests[3].Headers.Keys);
    }

    [Fact]
    public async Task Another_origin_is_not_told()
    {
        await using var other = await Receiver.StartAsync((_, _) => Task.CompletedTask);
        await using var receiver = await Receiver.StartAsync((context, _) =>
        {
            (context.Response.StatusCode, context.Response.Headers.Location) = (307, other.Url("/there"));
            return Task.CompletedTask;
        });
        await using var rig = await CallRig.StartAsync(CallRig.Local());
        using (TraceContext.Enter(TraceContext.From("order-4711", null)))
        {
            await rig.UntilAsync(await rig.EnqueueAsync(new HttpCall(receiver.Url("/"))), "done");
        }

        Assert.Equal("order-4711", receiver.Requests.Single().Headers["X-Correlation-Id"]);
        Assert.DoesNotContain("X-Correlation-Id", other.Requests.Single().Headers.Keys);
        Assert.DoesNotContain("traceparent", other.Requests.Single().Headers.Keys);
        Assert.Null(Activity.Current);
    }
}
