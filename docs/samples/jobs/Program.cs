using Rondo.Jobs;
using Rondo.Storage;

// A file of this program's own, or postgres://user:password@host/database where several processes share the work.
var address = args.Length > 0 ? args[0] : "sqlite:shop.db";
var settings = new JobHostSettings { Jobs = new JobsOptions { Queues = new Dictionary<string, int> { ["mail"] = 4 } } };
await using var host = await JobHost.StartAsync(address, Shop.Handlers, settings);
await host.Database.WriteAsync("shop.table", tx => { tx.Execute(Shop.Table); });

foreach (var customer in new[] { "Ada", "Grace", "Edsger" })
{
    // The order and what follows from it: both are stored, or neither is. It runs when this has committed, here or in another process.
    await host.Database.WriteAsync("shop.order", tx =>
    {
        var order = tx.First<long>(Shop.Order, new { customer });
        host.Queue.Enqueue(tx, new Receipt(order, customer), new EnqueueOptions { Tags = ["shop"] });
    });
}

// A program that goes on would wait for its end here, and for host.Broken.
while (await host.Database.ReadAsync("shop.open", tx => tx.First<long>(Shop.Open)) > 0)
{
    await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System);
}

// What runs may end, what was not begun goes back; no attempt is lost.
await host.StopAsync();
Console.WriteLine($"stopped after {host.State?.Finished} attempts");

/// <summary>The arguments of a job are one record. What does not fit it is refused when it is enqueued.</summary>
internal sealed record Receipt(long Order, string Customer);

/// <summary>Runs the jobs of one kind; one object for all of them, or one for each attempt.</summary>
internal sealed class ReceiptHandler(Database database) : IJobHandler<Receipt>
{
    public async Task<JobResult> Handle(Receipt args, JobContext job, CancellationToken stop)
    {
        // Nothing is held open meanwhile. An exception, or JobResult.Retry, is another attempt later, until there are no more.
        Console.WriteLine($"receipt of order {args.Order} for {args.Customer}, attempt {job.Attempt} of {job.MaxAttempts}");

        // The effect and the end of the job: both, or neither. When the job was taken from this process meanwhile, this throws.
        await database.WriteAsync("shop.sent", tx =>
        {
            tx.Execute(Shop.Sent, new { args.Order });
            job.FinishIn(tx);
        }, stop);
        return JobResult.Done;
    }
}

internal static class Shop
{
    public static readonly Sql Table = new("shop.table", "create table if not exists shop_order (id {id}, customer {text} not null, is_sent {bool} not null default {false})");
    public static readonly Sql Order = new("shop.order", "insert into shop_order (customer) values (@customer) returning id");
    public static readonly Sql Sent = new("shop.sent", "update shop_order set is_sent = {true} where id = @Order");
    public static readonly Sql Open = new("shop.open", "select count(*) from shop_order where is_sent = {false}");

    public static JobHandlers Handlers(Database database) => new JobHandlers().Add("receipt", new ReceiptHandler(database), new HandlerOptions<Receipt>
    {
        Queue = "mail", Attempts = 5, Timeout = TimeSpan.FromSeconds(30), Backoff = RetryPolicy.List(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(10)), UniqueKey = r => $"{r.Order}",
    });
}
