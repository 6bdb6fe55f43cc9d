import ArgumentParser
import DaybookModel
import Server

struct DataOption: ParsableArguments {
  @Option(name: .customLong("data"), help: "The data folder.")
  var path: String

  /// Throws `data_folder_missing`, `format_version`, `permission_denied`.
  func open() throws(DaybookError) -> DataFolder { try DataFolder(at: path) }
}

struct JSONOption: ParsableArguments {
  @Flag(name: .customLong("json"), help: "Print a JSON object a line.")
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
}
