namespace Rondo.Polling.Configuration.Files;

/// <summary>Collects what is wrong, each thing once, in the order of the file.</summary>
internal sealed class MistakeList(string file)
{
    // Nobody reads more; a file of rubbish must not become a list larger than itself.
    private const int Most = 1000;

    private readonly List<FileMistake> mistakes = [];
    private readonly List<FileMistake> warnings = [];
    private readonly HashSet<Node> failed = [];
    private readonly HashSet<(Node At, string Rule)> reported = [];
    private int dropped;

    /// <summary>Whether anything is wrong.</summary>
    public bool Any => mistakes.Count > 0;

    /// <summary>What to add to messages, for example which repetition is being read.</summary>
    public string Suffix { get; set; } = "";

    /// <summary>Everything that is wrong, by line and column.</summary>
    public IReadOnlyList<FileMistake> Mistakes()
    {
        var sorted = mistakes.OrderBy(mistake => mistake.Line).ThenBy(mistake => mistake.Column).ToList();
        if (dropped > 0)
        {
            sorted.Add(new FileMistake(file, sorted[^1].Line, sorted[^1].Column, "", $"and {dropped} more mistakes; these {Most} come first"));
        }

        return sorted;
    }

    /// <summary>What is allowed, but worth a look.</summary>
    public IReadOnlyList<FileMistake> Warnings() => warnings.OrderBy(mistake => mistake.Line).ThenBy(mistake => mistake.Column).ToList();

    /// <summary>A mistake at a place that is not a node.</summary>
    public void Add(int line, int column, string path, string message)
    {
        if (mistakes.Count < Most)
        {
            mistakes.Add(new FileMistake(file, line, column, path, message + Suffix));
        }
        else
        {
            dropped++;
        }
    }

    /// <summary>The node could not be read. Told once, however often the node is read (defaults, repetitions, aliases).</summary>
    public void Fail(Node at, string path, string message)
    {
        if (failed.Add(at))
        {
            Add(at.Line, at.Column, path, message);
        }
    }

    /// <summary>The node was read, but breaks a rule. Told once for each rule.</summary>
    public void Break(Node at, string rule, string path, string message)
    {
        if (reported.Add((at, rule)))
        {
            Add(at.Line, at.Column, path, message);
        }
    }

    /// <summary>Allowed, but worth a look.</summary>
    public void Warn(Node at, string path, string message)
    {
        if (warnings.Count < Most && reported.Add((at, message)))
        {
            warnings.Add(new FileMistake(file, at.Line, at.Column, path, message));
        }
    }

    /// <summary>Whether the node could not be read.</summary>
    public bool HasFailed(Node node) => failed.Contains(node);
}
