import ArgumentParser
import DaybookModel
import Server

struct DataOption: ParsableArguments {
  @Option(
    name: .customLong("data"),
    help: "The data folder; without it, what DAYBOOK_DATA says.", completion: .directory)
  var given: String?

  /// Only to say that it is no use.
  @Option(name: .customLong("server"), help: .hidden)
  var server: String?

  func validate() throws {
    guard server == nil else {
      throw ValidationError(
        "this reads the data folder itself, and no server is asked: run it where the folder is, with --data"
      )
    }
    guard let path = given ?? Setting.data.fromEnvironment else {
      throw ValidationError("say which data folder: --data, or DAYBOOK_DATA")
    }
    guard !path.isEmpty else { throw ValidationError("--data is empty: name a folder") }
  }

  var path: String { given ?? Setting.data.fromEnvironment ?? "" }

  /// Throws `data_folder_missing`, `format_version`, `permission_denied`.
  func open() throws(DaybookError) -> DataFolder { try DataFolder(at: path) }
}

struct JSONOption: ParsableArguments {
  @Flag(
    name: .customLong("json"),
    help: "Print a JSON object a line; what goes wrong too, on standard error.")
  var isSet = false
}

extension Identifier {
  /// An id as it came from the command line, under the option's name.
  static func parse(_ text: String, _ option: String) throws(DaybookError) -> Self {
    do throws(DaybookError) {
      return try Identifier(text)
    } catch {
      throw DaybookError(.invalidArgument, "\(option): \(error.message)")
    }
  }

  /// Nil for what was not said.
  static func parse(ifSaid text: String?, _ option: String) throws(DaybookError) -> Self? {
    guard let text else { return nil }
    return try parse(text, option)
  }
}

extension MessageID {
  /// For options that take one.
  static func parse(_ text: String) throws -> MessageID {
    guard let number = UInt64(text), number > 0, let id = try? MessageID(claimed: number) else {
      throw ValidationError("a message's id is a number from 1 on, as 'history --ids' shows it")
    }
    return id
  }
}
