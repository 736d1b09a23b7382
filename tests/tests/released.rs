//! Released SQL never changes: `scripts/released.sh`, which `make lint` runs, refuses it.
use pgtoken_tests::checkout;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

/// A copy of what the script looks at, where a version was released; removed with this value.
struct Tree(PathBuf);

impl Tree {
    /// With the present version released.
    fn released() -> Tree {
        let name = format!("pgtoken-released-{}", uuid::Uuid::new_v4().simple());
        let tree = Tree(std::env::temp_dir().join(name));
        fs::create_dir_all(tree.0.join("extension")).expect("a temporary folder");
        for part in ["scripts", "sql", "extension/pgtoken.control"] {
            let copied = Command::new("cp")
                .args(["-r".as_ref(), checkout().join(part).as_os_str()])
                .arg(tree.0.join(part))
                .status();
            assert!(copied.expect("cp starts").success());
        }
        // Whatever was released before is none of these tests' business.
        tree.write("extension/pgtoken.control", "default_version = '7.0.0'\n");
        tree.run("freeze").expect("version 7.0.0 was not released");
        tree.run("check")
            .expect("what was just frozen is unchanged");
        tree
    }

    fn run(&self, argument: &str) -> Result<(), String> {
        let output = Command::new(self.0.join("scripts/released.sh"))
            .arg(argument)
            .output()
            .expect("bash starts");
        match output.status.success() {
            true => Ok(()),
            false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
        }
    }

    #[track_caller]
    fn assert_refused(&self, why: &str) {
        let complaint = self.run("check").expect_err("it should be refused");
        assert!(complaint.contains(why), "{complaint}");
    }

    fn write(&self, file: &str, text: &str) {
        let path = self.0.join(file);
        let folder = path.parent().expect("a file has a folder");
        fs::create_dir_all(folder).expect("the tree is writable");
        fs::write(path, text).expect("the tree is writable");
    }

    fn append(&self, file: &str, text: &str) {
        let before = fs::read_to_string(self.0.join(file)).expect("the file is there");
        self.write(file, &(before + text));
    }

    fn git(&self, arguments: &[&str]) {
        let status = Command::new("git")
            .args(["-c", "user.name=t", "-c", "user.email=t@example.com"])
            .args(arguments)
            .current_dir(&self.0)
            .status();
        assert!(status.expect("git starts").success(), "{arguments:?}");
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

const SCRIPT: &str = "sql/released/pgtoken--7.0.0.sql";

#[test]
fn checkout_has_what_was_released() {
    let status = Command::new(checkout().join("scripts/released.sh")).status();
    assert!(status.expect("bash starts").success());
}

#[test]
fn edited_install_script_is_refused() {
    let tree = Tree::released();
    tree.append(SCRIPT, "-- one more line\n");
    tree.assert_refused("a released script was edited");
}

#[test]
fn missing_install_script_is_refused() {
    let tree = Tree::released();
    fs::remove_file(tree.0.join(SCRIPT)).expect("it is there");
    tree.assert_refused("a released script was edited or is gone");
}

#[test]
fn install_script_that_no_sum_vouches_for_is_refused() {
    let tree = Tree::released();
    tree.write("sql/released/pgtoken--6.9.9.sql", "select 1;\n");
    tree.assert_refused("is in no line of");
}

#[test]
fn edited_upgrade_script_is_refused() {
    let tree = Tree::released();
    tree.write("extension/pgtoken.control", "default_version = '7.0.1'\n");
    let upgrade = "sql/upgrades/pgtoken--7.0.0--7.0.1.sql";
    tree.write(upgrade, "select 1;\n");
    tree.run("check").expect("it is not released yet");
    tree.run("freeze").expect("now it is");
    tree.append(upgrade, "select 2;\n");
    tree.assert_refused("a released script was edited");
}

#[test]
fn sql_of_a_released_version_is_refused_until_the_version_is_raised() {
    let tree = Tree::released();
    tree.append("sql/view.sql", "-- a change\n");
    tree.assert_refused("raise default_version");
    tree.write("extension/pgtoken.control", "default_version = '7.1.0'\n");
    tree.run("check").expect("a change of the next version");
}

#[test]
fn version_is_released_once() {
    let tree = Tree::released();
    let complaint = tree.run("freeze").expect_err("it is released");
    assert!(complaint.contains("was released"), "{complaint}");
}

#[test]
fn edit_that_brings_its_sum_along_is_refused_by_the_tag() {
    let tree = Tree::released();
    tree.git(&["init", "--quiet"]);
    tree.git(&["add", "."]);
    tree.git(&["commit", "--quiet", "-m", "Release 7.0.0"]);
    tree.git(&["tag", "v7.0.0"]);
    tree.run("check").expect("nothing has changed");
    // As if the version had never been released.
    tree.write("sql/released/SHA256SUMS", "");
    fs::remove_file(tree.0.join(SCRIPT)).expect("it is there");
    tree.assert_refused("lacks a line that v7.0.0 has");
}
