using System.CommandLine;
using Rondo.Host.Settings;
using Rondo.Nodes;
using Rondo.Security;
using Rondo.Storage;
using Spectre.Console;

namespace Rondo.Host.Commands;

/// <summary>One run of one command: its options, its settings, and where it writes.</summary>
internal sealed class Run(ParseResult parsed, GlobalOptions options, Shell shell, CancellationToken stop)
{
    private RondoSettings? _settings;

    public Shell Shell => shell;

    public CancellationToken Stop => stop;

    public TimeProvider Time => shell.Time;

    public bool IsJson => parsed.GetValue(options.Json);

    /// <summary>The settings; a command that needs them ends as misuse when something is wrong with them.</summary>
    public RondoSettings Settings
    {
        get
        {
            if (_settings is null)
            {
                var reading = ReadSettings([]);
                _settings = reading.Settings ?? throw new CommandFault(ExitCode.Misuse, string.Join("\nrondo: ", reading.Problems));
            }

            return _settings;
        }
    }

    public T? Get<T>(Option<T> option) => parsed.GetValue(option);

    public T? Get<T>(Argument<T> argument) => parsed.GetValue(argument);

    /// <summary>True when the option was given, not defaulted.</summary>
    public bool Has(Option option) => parsed.GetResult(option) is { Implicit: false };

    /// <summary>Reads all settings; <paramref name="own"/> are those the command itself has options for.</summary>
    public SettingsReading ReadSettings(IReadOnlyList<(string Key, string Option, string? Text)> own) => SettingsReader.Read(new SettingsSources
    {
        Variable = shell.Variable,
        UsualFile = shell.UsualConfig,
        File = parsed.GetValue(options.Config) ?? (shell.Variable("RONDO_CONFIG") is { Length: > 0 } named ? named : null),
        CommandLine = [("database", "--database", parsed.GetValue(options.Database)), .. own],
    });

    /// <summary>Uses settings that the command read itself.</summary>
    public void Adopt(RondoSettings settings) => _settings = settings;

    /// <summary>Opens the database beside a server that may run, and makes sure that its schema is this program's.</summary>
    /// <param name="work">What to do with it.</param>
    /// <param name="unreachable">The exit code when it is not there, cannot be reached or does not answer.</param>
    public async Task<int> UseDatabaseAsync(Func<Database, Task<int>> work, int unreachable = ExitCode.Problem)
    {
        var address = Settings.Database;
        if (IsDatabaseMissing)
        {
            throw new CommandFault(unreachable, $"there is no database at {address} yet. Make it with: rondo database migrate --database {address}");
        }

        try
        {
            await using var database = Database.Open(address, DatabaseUse.Command, Time);
            await database.MeasureClockAsync(Stop);
            await Modules.Migrator(database, DatabaseUse.Command).RequireCurrentAsync();
            return await WrittenAsync(database, work);
        }
        catch (StorageFault fault)
        {
            throw new CommandFault(unreachable, fault.Message);
        }
    }

    /// <summary>What the changes of this command are called in the audit trail, where the work does not tell.</summary>
    private AuditLabel? Label { get; set; }

    /// <summary>Says what this command does, for the audit trail, where the work does not tell.</summary>
    public Run Labelled(string action, string subject)
    {
        Label = new AuditLabel(action, subject);
        return this;
    }

    /// <summary>The audit trail of this database.</summary>
    public AuditTrail Trail() => new(new AuditKeys(KeyFolder.Of(Settings.Database, Settings.Keys.Folder, shell.Variable), Settings.Database, Settings.Keys.Master));

    /// <summary>Encrypts and opens secrets, by the key ring of this database.</summary>
    public SecretBox Secrets() => new(new SecretKeys(KeyFolder.Of(Settings.Database, Settings.Keys.Folder, shell.Variable), Settings.Keys.Master, Time));

    /// <summary>True when the database is a SQLite file that is not there.</summary>
    public bool IsDatabaseMissing => Settings.Database.Kind == DatabaseKind.Sqlite && !File.Exists(Settings.Database.Target);

    /// <summary>True when nobody said where the database is, so that it is at its usual place.</summary>
    public bool IsDatabaseUsual => ReadSettings([]).Values.Any(v => v is { Key: "database", Source: "default" });

    /// <summary>Tells the running nodes, after the commit, that there is something new. At most a second; without it they find out by themselves.</summary>
    /// <param name="database">The database they work on.</param>
    /// <param name="topics">About what; none for the configuration of polling.</param>
    public async Task HintAsync(Database database, params IReadOnlyCollection<string> topics)
    {
        await using var hints = new Hints(database, Time, Settings.Hints, Settings.Redis is { } redis ? new RedisCarrier(redis, database, Time) : null);
        foreach (var topic in topics.Count == 0 ? [HintTopics.Polling] : topics)
        {
            hints.Send(topic);
        }

        await hints.FlushAsync();
    }

    /// <summary>Changes are written down as those of whoever runs the command, and sealed before it ends, so that no server has to run for that.</summary>
    private async Task<int> WrittenAsync(Database database, Func<Database, Task<int>> work)
    {
        var (trail, isWritten) = (Trail(), false);
        var code = ExitCode.Problem;
        try
        {
            code = await work(new AuditedDatabase(database, trail, Actor.OfCommand(), AuditRules.All, Label, () => isWritten = true));
        }
        finally
        {
            if (isWritten)
            {
                await SealAsync(database, trail);
            }
        }

        return code;
    }

    private async Task SealAsync(Database database, AuditTrail trail)
    {
        try
        {
            await trail.SealAsync(database, CancellationToken.None);
        }
        catch (StorageFault fault)
        {
            // The change is made and written down; whoever seals next seals it.
            Warn("rondo: " + fault.Message);
        }
    }

    /// <summary>One line for people; nothing when JSON was asked for.</summary>
    public void Say(string line)
    {
        if (!IsJson)
        {
            shell.Output.WriteLine(line);
        }
    }

    /// <summary>One line about something that is not the result.</summary>
    public void Warn(string line) => shell.Error.WriteLine(line);

    /// <summary>The JSON document when it was asked for.</summary>
    public void WriteJson(object document)
    {
        if (IsJson)
        {
            shell.Output.WriteLine(Json.Write(document));
        }
    }

    /// <summary>A table for people; nothing when JSON was asked for.</summary>
    public void WriteTable(IReadOnlyList<string> columns, IEnumerable<IReadOnlyList<string?>> rows)
    {
        if (IsJson)
        {
            return;
        }

        var table = new Table { Border = TableBorder.None, ShowHeaders = true };
        foreach (var column in columns)
        {
            table.AddColumn(new TableColumn(new Text(column.ToUpperInvariant(), new Style(decoration: Decoration.Bold))).NoWrap().PadLeft(0).PadRight(2));
        }

        foreach (var row in rows)
        {
            table.AddRow(row.Select(cell => new Text(cell ?? "")));
        }

        shell.OpenConsole().Write(table);
    }
}
