namespace Rondo.Jobs.Queue;

/// <summary>A run of numbers of one kind that are accepted together.</summary>
/// <param name="Kind">The kind.</param>
/// <param name="First">The first number.</param>
/// <param name="Last">The last number; none between them is missing.</param>
internal readonly record struct Accepted(string Kind, long First, long Last)
{
    public int Count => (int)(Last - First + 1);

    /// <summary>The runs of <paramref name="jobs"/>, in their order. One for a job alone; for a thousand of one kind a few, since numbers are taken by the hundred.</summary>
    public static List<Accepted> Of(List<NewJob> jobs)
    {
        var runs = new List<Accepted>();
        foreach (var job in jobs)
        {
            if (runs.Count > 0 && runs[^1] is var last && last.Last + 1 == job.Id && last.Kind == job.Kind)
            {
                runs[^1] = last with { Last = job.Id };
            }
            else
            {
                runs.Add(new Accepted(job.Kind, job.Id, job.Id));
            }
        }

        return runs;
    }
}
