namespace Rondo.Jobs;

/// <summary>Runs jobs of one kind.</summary>
/// <typeparam name="TArgs">Its arguments: a record that System.Text.Json can write and read.</typeparam>
public interface IJobHandler<in TArgs>
{
    /// <summary>
    /// One attempt. No connection is held meanwhile. It may run more than once for one job (a crash between its effect and the record of it): make its effects
    /// fit <see cref="JobContext.IdempotencyKey"/>, or write them with <see cref="JobContext.FinishIn"/>, which records both or neither.
    /// </summary>
    /// <param name="args">What was given at enqueue.</param>
    /// <param name="job">The attempt.</param>
    /// <param name="stop">Cancelled at the timeout, on cancel, when the job was taken away, and when the node stops for longer than its patience.</param>
    Task<JobResult> Handle(TArgs args, JobContext job, CancellationToken stop);
}
