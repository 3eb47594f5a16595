/**
 * What the project's own Python runs: Alembic's offline mode, one revision at a time, with its parts kept apart.
 * `alembic upgrade A:B --sql` prints one text, knows no start with several parents, and marks nothing that the
 * migration itself did not write; here only what the function `upgrade` or `downgrade` emits is taken, so that
 * nothing of Alembic's own (BEGIN, its version table) has to be guessed away.
 *
 * It reads a request from standard input and answers with one line of JSON on the standard output it was
 * started with; whatever else is printed goes to standard error. Connections are refused. Works with Alembic 1.8
 * and SQLAlchemy 1.4 and newer.
 */
export const ALEMBIC_DRIVER = String.raw`
import inspect, json, os, sys, traceback

answer = os.fdopen(os.dup(1), "w", encoding="utf-8")
os.dup2(2, 1)
request = json.loads(sys.stdin.buffer.read().decode("utf-8"))
sys.argv = ["alembic", "upgrade", "heads", "--sql"]
# As for the alembic program: a script folder named "alembic" must not pass for Alembic.
sys.path = [path for path in sys.path if path]


class NoDatabase(Exception):
    pass


def told(error, path=None):
    frames = traceback.extract_tb(error.__traceback__)
    if isinstance(error, SyntaxError) and error.filename:
        frames.append(traceback.FrameSummary(error.filename, error.lineno or 1, ""))
    found = None
    for frame in frames:
        if path is not None and os.path.realpath(frame.filename) == os.path.realpath(path):
            found = frame
    lines = traceback.format_exception(type(error), error, error.__traceback__)
    return {
        "type": type(error).__name__,
        "message": str(error).strip(),
        "line": found.lineno if found is not None else None,
        # Raised by the file itself, not somewhere below it.
        "own": found is not None and found is frames[-1],
        "trace": "".join(lines)[-4000:],
    }


class Pieces:
    """The buffer Alembic writes to: it keeps what is written while a migration's own function runs."""

    def __init__(self):
        self.open = False
        self.pieces = []

    def write(self, text):
        if self.open:
            self.pieces.append(text)

    def flush(self):
        pass


class Unread:
    """The result of a statement that nobody ran: looking at it ends the migration."""

    def __refuse(self, *args, **kwargs):
        raise NoDatabase("it reads the database, and there is none in offline mode")

    def __getattr__(self, name):
        self.__refuse()

    __iter__ = __bool__ = __len__ = __getitem__ = __eq__ = __ne__ = __enter__ = __refuse
    __hash__ = None


def with_parameters(statement, parameters):
    """A statement with its values in it, as often as there are sets of them."""
    from sqlalchemy.sql.dml import Insert
    from sqlalchemy.sql.elements import TextClause

    sets = [parameters] if isinstance(parameters, dict) else list(parameters)
    if not all(isinstance(values, dict) for values in sets):
        raise NoDatabase("it passes parameters by position, which offline mode cannot write out")
    if isinstance(statement, TextClause):
        return [statement.bindparams(**values) for values in sets]
    if isinstance(statement, Insert):
        return [statement.values(**values) for values in sets]
    raise NoDatabase("it passes parameters to execute(), which offline mode cannot write out")


class Replica:
    """What the migrations before have made, in memory: a batch on SQLite looks at the table that it makes anew."""

    def __init__(self):
        import sqlite3

        import sqlalchemy
        from sqlalchemy.pool import StaticPool

        self.error = sqlite3.Error
        self.database = sqlite3.connect(":memory:", isolation_level=None)
        engine = sqlalchemy.create_engine("sqlite://", creator=lambda: self.database, poolclass=StaticPool)
        self.bind = engine.connect()
        self.broken = None

    def run(self, pieces):
        try:
            if self.broken is None:
                self.database.executescript("\n".join(pieces))
        except self.error as error:
            self.broken = str(error)


class WithReplica:
    """The operations of a batch, with a database where it looks for one."""

    as_sql = False

    def __init__(self, operations, rendering):
        self.operations = operations
        self.migration_context = self
        self.get_bind = rendering.look

    def __getattr__(self, name):
        return getattr(self.operations, name)


class Rendering:
    def __init__(self, request):
        from alembic.config import CommandLine, Config
        from alembic.script import ScriptDirectory

        options = CommandLine("alembic").parser.parse_args(sys.argv[1:])
        files = {}
        if request["ini"] is not None:
            files["file_"] = request["ini"]
        if request["toml"] is not None and "toml_file" in inspect.signature(Config).parameters:
            files["toml_file"] = request["toml"]
        self.buffer = Pieces()
        self.config = Config(output_buffer=self.buffer, cmd_opts=options, **files)
        unread = request["toml"] is not None and "toml_file" not in files
        if request["scripts"] is None and unread and not self.config.get_main_option("script_location"):
            raise RuntimeError("this Alembic reads no pyproject.toml: that takes 1.16 or newer")
        if request["scripts"] is not None:
            self.config.set_main_option("script_location", request["scripts"].replace("%", "%%"))
        self.engine = request["engine"]
        self.placeholder = False
        self.types = set()
        self.version_table = None
        self.replica = None
        self.sent = 0
        self.script = ScriptDirectory.from_config(self.config)

    def describe(self):
        import alembic, sqlalchemy

        return {
            "folder": os.path.abspath(self.script.dir),
            "locations": [os.path.abspath(str(path)) for path in self.script._version_locations],
            "recursive": bool(getattr(self.script, "recursive_version_locations", False)),
            "versions": {"alembic": alembic.__version__, "sqlalchemy": sqlalchemy.__version__},
        }

    def known(self):
        revisions = self.script.walk_revisions("base", "heads")
        return [
            {
                "id": one.revision,
                "path": str(one.path),
                "parents": sorted(one._versioned_down_revisions),
                "dependsOn": sorted(one._resolved_dependencies),
            }
            for one in revisions
        ]

    def prepare(self, context):
        context.output_buffer = context.impl.output_buffer = self.buffer
        context.impl.literal_binds = True
        context.on_version_apply_callbacks = ()
        # Drivers that write parameters as %s have every other percent sign doubled. Nothing undoes that here.
        context.dialect.identifier_preparer._double_percents = False
        # SQLAlchemy learns from a connection that backslashes are plain characters, as they are since PostgreSQL 9.1.
        if hasattr(context.dialect, "_backslash_escapes"):
            context.dialect._backslash_escapes = False
        self.version_table = [context._version.schema, context._version.name]
        connection, types = context.connection, self.types

        def execute(statement, parameters=None, *more, **named):
            if more:
                raise NoDatabase("it passes parameters to execute(), which offline mode cannot write out")
            named.pop("execution_options", None)
            parameters = named or parameters
            for one in with_parameters(statement, parameters) if parameters else [statement]:
                context.impl._exec(one)
            return Unread()

        def scalar(*args, **named):
            raise NoDatabase("it reads the database, and there is none in offline mode")

        def run_ddl_visitor(visitor, element, *args, checkfirst=False, **named):
            # create(bind, checkfirst=True): what these migrations have made is known without a database.
            making = "Generator" in visitor.__name__
            key = (getattr(element, "schema", None), getattr(element, "name", None), "Enum" in visitor.__name__)
            if making and checkfirst and key in types:
                return
            (types.add if making else types.discard)(key)
            visitor(context.dialect, connection, checkfirst=False, **named).traverse_single(element)

        connection.execute = execute
        connection.exec_driver_sql = execute
        connection.scalar = connection.scalars = scalar
        connection._run_ddl_visitor = run_ddl_visitor

    def new_replica(self):
        self.replica = Replica() if self.engine == "sqlite" else None

    def catch_up(self):
        if self.replica is not None:
            self.replica.run(self.buffer.pieces[self.sent :])
            self.sent = len(self.buffer.pieces)

    def look(self):
        self.catch_up()
        if self.replica.broken is not None:
            raise NoDatabase("it looks at a table, and what was before does not run: " + self.replica.broken)
        return self.replica.bind

    def run(self, revision, upwards):
        """Runs env.py for one revision. Gives pieces, or an error and whether the migration was reached."""
        from alembic.runtime.environment import EnvironmentContext
        from alembic.runtime.migration import MigrationStep

        script = self.script.get_revision(revision)
        buffer = self.buffer
        buffer.pieces = []
        self.sent = 0
        found = {"times": 0, "dialect": None, "transactional": True}

        def steps(heads, context):
            found["times"] += 1
            found["dialect"] = context.dialect.name
            found["transactional"] = bool(context.impl.transactional_ddl)
            if found["times"] > 1 or context.dialect.name != self.dialect():
                return []
            self.prepare(context)
            make = MigrationStep.upgrade_from_script if upwards else MigrationStep.downgrade_from_script
            step = make(self.script.revision_map, script)
            function = step.migration_fn

            def wrapped(**named):
                found["begun"] = True
                buffer.open = True
                try:
                    function(**named)
                finally:
                    buffer.open = False

            step.migration_fn = wrapped
            return [step]

        try:
            with EnvironmentContext(
                self.config, self.script, fn=steps, as_sql=True, starting_rev=None, destination_rev=revision
            ):
                self.script.run_env()
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            found["error"] = told(error, script.path if "begun" in found else None)
            if "begun" in found and self.replica is not None:
                self.replica.broken = self.replica.broken or "revision " + revision + " gives no SQL"
        self.catch_up()
        found["pieces"] = buffer.pieces
        return found

    def dialect(self):
        return "postgresql" if self.engine == "postgres" else "sqlite"

    def fits(self, found):
        return "begun" in found or (found["times"] > 0 and found["dialect"] == self.dialect())

    def render(self, revision, upwards):
        found = self.run(revision, upwards)
        if not self.fits(found) and not self.placeholder:
            # Only the kind of database matters here: env.py found no address, or one of another kind.
            address = "postgresql://offline@localhost/offline" if self.engine == "postgres" else "sqlite://"
            before = self.config.get_main_option("sqlalchemy.url"), os.environ.get("DATABASE_URL")
            os.environ["DATABASE_URL"] = address
            self.config.set_main_option("sqlalchemy.url", address)
            again = self.run(revision, upwards)
            if self.fits(again):
                self.placeholder = True
                return again
            if before[0] is not None:
                self.config.set_main_option("sqlalchemy.url", before[0].replace("%", "%%"))
            os.environ.pop("DATABASE_URL")
            if before[1] is not None:
                os.environ["DATABASE_URL"] = before[1]
        return found

    def let_batches_look(self):
        from alembic.operations.batch import BatchOperationsImpl

        flush = BatchOperationsImpl.flush

        def flush_with_replica(batch):
            if self.replica is not None and batch.copy_from is None:
                batch.operations = WithReplica(batch.operations, self)
            flush(batch)

        BatchOperationsImpl.flush = flush_with_replica

    def everything(self, order):
        from alembic.runtime.migration import HeadMaintainer

        HeadMaintainer.update_to_step = lambda *args, **named: None
        self.let_batches_look()
        self.new_replica()
        rendered = {}
        for revision in order:
            up = self.render(revision, True)
            rendered[revision] = {"up": up, "down": None, "changes": False}
            if not self.fits(up) or up["times"] > 1:
                rendered[revision]["environment"] = True
                break
        else:
            for revision in reversed(order):
                rendered[revision]["down"] = self.render(revision, False)
            self.types = set()
            self.new_replica()
            for revision in order:
                rendered[revision]["changes"] = self.run(revision, True)["pieces"] != rendered[revision]["up"]["pieces"]
        return {
            "rendered": rendered,
            "placeholder": self.placeholder,
            "versionTable": self.version_table,
        }


def main():
    try:
        import alembic, sqlalchemy
        from sqlalchemy.engine.default import DefaultDialect
    except ImportError as error:
        return {"missing": str(error)}
    sys.path.append(os.getcwd())

    def connect(*args, **named):
        raise NoDatabase("env.py or a migration asks for a connection, and there is none in offline mode")

    DefaultDialect.connect = connect
    try:
        rendering = Rendering(request)
        if request["order"] is None:
            return rendering.describe()
        return {"known": rendering.known(), **rendering.everything(request["order"])}
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        return {"error": told(error)}


json.dump(main(), answer)
answer.write("\n")
answer.close()
`;
