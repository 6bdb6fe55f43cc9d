package import DaybookModel
import Foundation

/// An export as it lies on the disk.
package struct SlackFolder: Sendable {
  /// Those that are asked for.
  package let conversations: [SlackConversation]
  /// Files that are no day's, in the folders of those conversations.
  package let skipped: [String: Int]

  private let path: URL
  private let directory: SlackDirectory
  /// The names of the days' files of each conversation, by its id.
  private let days: [String: [String]]

  /// `channels`: names separated by commas; nil for all.
  ///
  /// Throws `invalid_input`, naming the file and the place in it; `invalid_argument` for a channel
  /// that isn't there.
  package init(path: String, channels: String?) throws(DaybookError) {
    let url = URL(fileURLWithPath: path, isDirectory: true)
    let export = try SlackExport { file throws(DaybookError) in
      try SlackFolder.content(of: url.appendingPathComponent(file))
    }
    if let channels {
      let names = channels.split(separator: ",").map {
        $0.trimmingCharacters(in: .whitespaces)
      }
      conversations = try export.conversations(named: names)
    } else {
      conversations = export.conversations
    }
    var days: [String: [String]] = [:]
    var others = 0
    for conversation in conversations {
      let names = try SlackFolder.names(in: url.appendingPathComponent(conversation.folder))
      days[conversation.id] = names.filter { SlackDay.date(inName: $0) != nil }.sorted()
      others += names.count - (days[conversation.id]?.count ?? 0)
    }
    self.path = url
    self.directory = export.directory
    self.days = days
    skipped = others == 0 ? [:] : ["other_file": others]
  }

  /// Throws `invalid_input`, naming the file and the place in it.
  package func plan(of conversation: SlackConversation) throws(DaybookError) -> SlackPlan {
    let folder = path.appendingPathComponent(conversation.folder)
    var read: [SlackDay] = []
    for name in days[conversation.id] ?? [] {
      guard let content = try SlackFolder.content(of: folder.appendingPathComponent(name)) else {
        throw DaybookError(.invalidInput, "\(conversation.folder)/\(name) is gone: import it again")
      }
      read.append(try SlackDay(folder: conversation.folder, name: name, content: content))
    }
    return SlackPlan(conversation, days: read, directory: directory)
  }

  /// Nil where there is none. Throws `invalid_input` for a file that can't be read.
  private static func content(of file: URL) throws(DaybookError) -> [UInt8]? {
    do {
      return [UInt8](try Data(contentsOf: file))
    } catch let error as CocoaError where error.code == .fileReadNoSuchFile {
      return nil
    } catch {
      throw DaybookError(.invalidInput, "can't read \(file.path): \(error)")
    }
  }

  /// Nothing where there is no such folder: a channel that nobody wrote in has none.
  private static func names(in folder: URL) throws(DaybookError) -> [String] {
    guard FileManager.default.fileExists(atPath: folder.path) else { return [] }
    do {
      return try FileManager.default.contentsOfDirectory(atPath: folder.path)
        .filter { !$0.hasPrefix(".") }
    } catch {
      throw DaybookError(.invalidInput, "can't read \(folder.path): \(error)")
    }
  }
}
