import Testing

/// The executable's layout: a subcommand is found by its file's name.
enum CommandFiles {
  static func commands(in file: SourceFile) -> [String] {
    let code = SwiftCode(file.text)
    return code.types.compactMap { name, line in
      let declaration = code.lines[line - 1].split(separator: "{")[0]
      return declaration.contains("ParsableCommand") ? name : nil
    }
  }

  static func violations(in files: [SourceFile]) -> [String] {
    var found: [String] = []
    let listed = Set(files.flatMap { subcommands(in: $0) })
    for file in files {
      let commands = commands(in: file)
      if commands.count > 1 {
        found.append("\(file.path) holds \(commands.joined(separator: ", ")): one a file")
      }
      for command in commands where !listed.contains(command) && command != "DaybookCommand" {
        found.append("\(file.path): \(command) is in no list of subcommands")
      }
    }
    return found
  }

  /// Names listed behind `subcommands: [`.
  private static func subcommands(in file: SourceFile) -> [String] {
    let code = SwiftCode(file.text).lines.joined(separator: "\n")
    guard let range = code.firstRange(of: "subcommands: [") else { return [] }
    let list = code[range.upperBound...].prefix { $0 != "]" }
    return list.split { ", \n".contains($0) }.map { String($0.split(separator: ".")[0]) }
  }
}

@Suite("Commands")
struct CommandFileTests {
  @Test("a file of the executable holds one subcommand at most, and every one is listed")
  func sources() throws {
    let files = try Repository.swiftFiles(below: "Sources/Daybook")
    #expect(files.contains { CommandFiles.commands(in: $0) == ["DaybookCommand"] })
    for violation in CommandFiles.violations(in: files) { Issue.record("\(violation)") }
  }

  @Test("two commands in a file are found, and so is one that nobody lists")
  func found() {
    let list =
      "@main struct DaybookCommand: AsyncParsableCommand {\n  let a = f(subcommands: [A.self])\n}\n"
    let main = SourceFile(path: "Sources/Daybook/Daybook.swift", text: list)
    let two = "struct A: ParsableCommand {}\nstruct B: AsyncParsableCommand {}\n"
    let file = SourceFile(path: "Sources/Daybook/A.swift", text: two)
    #expect(CommandFiles.violations(in: [main, file]).count == 2)
    let one = SourceFile(path: "Sources/Daybook/A.swift", text: "struct A: ParsableCommand {}\n")
    #expect(CommandFiles.violations(in: [main, one]).isEmpty)
  }
}
